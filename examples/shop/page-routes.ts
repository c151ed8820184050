import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { DemoRoutes, type DemoState, isRenewalMode, RENEWAL_MODES } from './protocol';
import { ok, type ShopState } from './routes';
import { type Call, Problem, type Route, readJsonObject, type ShopResponse } from './routing';

/** A file of the page. */
export interface PageFile {
  readonly path: string;
  readonly type: string;
  readonly text: string;
}

/** Routes for the files of the page and for its controls: expire the tokens, set the refresh mode. */
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

// The page holds tokens: it may run only its own files and connect only to the shop.
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

function serve({ type, text }: PageFile): ShopResponse {
  const headers = { 'content-type': type, 'content-security-policy': POLICY, 'cache-control': 'no-store' };
  return { status: 200, headers, body: text };
}

function expireTokens(shop: ShopState, { request }: Call): ShopResponse {
  requireSameOrigin(request);
  shop.tokens.expireAccessTokens();
  return ok({});
}

async function setRefresh(shop: ShopState, { request }: Call): Promise<ShopResponse> {
  requireSameOrigin(request);
  const { refresh } = await readJsonObject(request);
  if (!isRenewalMode(refresh)) throw new Problem(400, `refresh: expected one of ${RENEWAL_MODES.join(', ')}`);
  shop.renewalMode = refresh;
  return ok({});
}

// Any web page can send a simple request to this machine, also by a host name that resolves here (DNS rebinding).
function requireSameOrigin({ headers: { host = '', origin } }: IncomingMessage): void {
  const isHere = /^(127\.0\.0\.1|localhost):\d+$/.test(host);
  if (!isHere || origin !== `http://${host}`) throw new Problem(403, 'only the demo page may call this');
}
