import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { DemoRoutes, type DemoState, isRenewalMode } from './protocol';
import { ok, type ShopState } from './routes';
import { type Call, Problem, type Route, readJsonObject, type ShopResponse } from './routing';

/** A part of the page, as it is served. */
export interface PageFile {
  readonly path: string;
  readonly type: string;
  readonly text: string;
}

/** The page, and the switches that it has for what can go wrong. */
export function pageRoutes(shop: ShopState, files: readonly PageFile[]): Route[] {
  const run = randomUUID();
  const state = (): DemoState => ({ run, refresh: shop.renewalMode });
  return [
    ...files.map((file): Route => ({ method: 'GET', path: file.path, handle: () => serve(file) })),
    { method: 'GET', path: DemoRoutes.State, handle: () => ok(state()) },
    { method: 'POST', path: DemoRoutes.ExpireTokens, handle: (call) => expireTokens(shop, call) },
    { method: 'POST', path: DemoRoutes.Refresh, handle: (call) => setRefresh(shop, call) },
  ];
}

// The page holds tokens: nothing but its own files may run in it, and it talks to no one but the shop.
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

function serve({ type, text }: PageFile): ShopResponse {
  const headers = { 'content-type': type, 'content-security-policy': POLICY, 'cache-control': 'no-store' };
  return { status: 200, headers, body: text };
}

function expireTokens(shop: ShopState, { request }: Call): ShopResponse {
  refuseOthers(request);
  shop.tokens.expireAccessTokens();
  return ok({});
}

async function setRefresh(shop: ShopState, { request }: Call): Promise<ShopResponse> {
  refuseOthers(request);
  const { refresh } = await readJsonObject(request);
  if (!isRenewalMode(refresh)) throw new Problem(400, 'there is no such refresh');
  shop.renewalMode = refresh;
  return ok({});
}

// Any page of the web may send a simple request to this machine, and may have a name of its own that leads here.
function refuseOthers({ headers: { host = '', origin } }: IncomingMessage): void {
  const isHere = /^(127\.0\.0\.1|localhost):\d+$/.test(host);
  if (!isHere || origin !== `http://${host}`) throw new Problem(403, 'only the page may do this');
}
