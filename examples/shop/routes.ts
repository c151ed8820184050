import type { LiveOrders } from './live-orders';
import type { OrderBook } from './order-book';
import { CLIENT_KEY, Code, DEMO_USER, type OrderDraft, OTHER_USER, type RenewalMode } from './protocol';
import { type Call, json, Problem, type Route, readJsonObject, type ShopResponse } from './routing';
import type { TokenFamilies } from './token-families';

export interface ShopCounters {
  /** Requests by route (`/orders/:id`); those without a route count under `*`. */
  readonly hits: Readonly<Record<string, number>>;
  /** Calls of the renewal endpoint, with any result. */
  readonly refreshes: number;
  /** Responses with code 1002. */
  readonly expiredResponses: number;
  /** Uses of a refresh token that was already spent. */
  readonly reuseDetected: number;
}

/** The state that the handlers share. */
export interface ShopState {
  readonly tokens: TokenFamilies;
  readonly orders: OrderBook;
  readonly liveOrders: LiveOrders;
  readonly expiredStatus: number;
  /** Resolves after the duration of a renewal. */
  readonly whileRenewing: () => Promise<void>;
  renewalMode: RenewalMode;
  counters: ShopCounters;
}

export function shopRoutes(shop: ShopState): Route[] {
  return [
    { method: 'POST', path: '/app/login', handle: (call) => signIn(shop, call) },
    { method: 'POST', path: '/app/renewal', handle: (call) => renew(shop, call) },
    { method: 'GET', path: '/me', handle: (call) => ok({ user: authenticate(shop, call) }) },
    { method: 'GET', path: '/orders', handle: (call) => listOrders(shop, call) },
    { method: 'POST', path: '/orders', handle: (call) => placeOrder(shop, call) },
    { method: 'GET', path: '/orders/live', handle: (call) => watchOrders(shop, call) },
    { method: 'GET', path: '/orders/:id', handle: (call) => showOrder(shop, call) },
    { method: 'POST', path: '/orders/:id/receipt', handle: (call) => attachReceipt(shop, call) },
  ];
}

export function count(shop: ShopState, what: Exclude<keyof ShopCounters, 'hits'>): void {
  shop.counters = { ...shop.counters, [what]: shop.counters[what] + 1 };
}

/** A response with code 0. */
export function ok(data: unknown): ShopResponse {
  return json(200, { code: Code.Ok, message: 'ok', data });
}

async function signIn({ tokens }: ShopState, { request }: Call): Promise<ShopResponse> {
  const { user, password } = await readJsonObject(request);
  const account = [DEMO_USER, OTHER_USER].find((each) => each.user === user && each.password === password);
  if (account === undefined) throw new Problem(200, 'wrong user or password', Code.WrongCredentials);
  return ok(tokens.open(account.user));
}

async function renew(shop: ShopState, { request }: Call): Promise<ShopResponse> {
  count(shop, 'refreshes');
  const { authorization, refreshToken } = await readJsonObject(request);
  if (shop.renewalMode === 'offline') return 'hang-up';
  await shop.whileRenewing();
  if (shop.renewalMode === 'refused') throw refusal('the session has ended');
  if (authorization !== CLIENT_KEY) throw refusal('unknown client');
  if (typeof refreshToken !== 'string') throw refusal('no refresh token');
  const outcome = shop.tokens.rotate(refreshToken);
  if (outcome === 'spent') count(shop, 'reuseDetected');
  if (typeof outcome === 'string') throw refusal(`the refresh token is ${outcome}`);
  return ok(outcome);
}

function refusal(message: string): Problem {
  return new Problem(400, message, Code.RefreshRefused);
}

function listOrders(shop: ShopState, call: Call): ShopResponse {
  authenticate(shop, call);
  return ok(shop.orders.all());
}

function showOrder(shop: ShopState, call: Call): ShopResponse {
  authenticate(shop, call);
  const order = shop.orders.find(call.params.id ?? '');
  if (order === undefined) throw new Problem(404, 'order not found');
  return ok(order);
}

/** An event stream, which ends when its token has expired. */
function watchOrders(shop: ShopState, call: Call): ShopResponse {
  authenticate(shop, call);
  const { 'last-event-id': lastEventId } = call.request.headers;
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
    body: shop.liveOrders.after(`${lastEventId ?? ''}`, () => userOf(shop, call) !== undefined),
  };
}

/** Responds with the number of bytes. Reads the body first, because an earlier response would cut the upload short. */
async function attachReceipt(shop: ShopState, call: Call): Promise<ShopResponse> {
  let bytes = 0;
  for await (const chunk of call.request) bytes += chunk.length;
  authenticate(shop, call);
  if (shop.orders.find(call.params.id ?? '') === undefined) throw new Problem(404, 'order not found');
  return ok({ bytes });
}

async function placeOrder(shop: ShopState, call: Call): Promise<ShopResponse> {
  const user = authenticate(shop, call);
  const draft = orderDraft(await readJsonObject(call.request));
  return ok(shop.orders.place(draft, user));
}

/** The user of the token of a request, if it has not expired. */
function userOf(shop: ShopState, { request }: Call): string | undefined {
  const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  return token === undefined ? undefined : shop.tokens.userOf(token);
}

function authenticate(shop: ShopState, call: Call): string {
  const user = userOf(shop, call);
  if (user !== undefined) return user;
  count(shop, 'expiredResponses');
  throw new Problem(shop.expiredStatus, 'the access token has expired', Code.TokenExpired);
}

function orderDraft({ item, quantity }: Record<string, unknown>): OrderDraft {
  if (typeof item !== 'string' || item === '') throw new Problem(400, 'item: expected a non-empty string');
  if (typeof quantity !== 'number' || !Number.isSafeInteger(quantity) || quantity < 1) {
    throw new Problem(400, 'quantity: expected a positive integer');
  }
  return { item, quantity };
}
