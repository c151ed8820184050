import type { IncomingMessage } from 'node:http';
import type { Envelope } from './protocol';

/** What a handler answers; `'hang-up'` cuts the connection instead. */
export type ShopResponse =
  | { readonly status: number; readonly headers: Record<string, string>; readonly body: string }
  | 'hang-up';

export interface Call {
  readonly request: IncomingMessage;
  readonly params: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: string;
  /** `/orders/:id`: a segment with a colon matches any one segment and becomes a param. */
  readonly path: string;
  readonly handle: (call: Call) => ShopResponse | Promise<ShopResponse>;
}

/** What a path leads to; `path` is the pattern of the route, `*` when there is none. */
export type Match =
  | { readonly kind: 'found'; readonly path: string; readonly route: Route; readonly params: Record<string, string> }
  | { readonly kind: 'wrong-method'; readonly path: string; readonly allow: string }
  | { readonly kind: 'nowhere'; readonly path: '*' };

/** A refusal that any handler may throw from any depth; it becomes the answer. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code: number = status,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

const BODY_LIMIT = 64 * 1024;

export function json(status: number, body: Envelope, headers: Record<string, string> = {}): ShopResponse {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(body),
  };
}

export function findRoute(routes: readonly Route[], method: string, pathname: string): Match {
  const candidates = routes.flatMap((route) => {
    const params = matchPath(route.path, pathname);
    return params ? [{ route, params }] : [];
  });
  const first = candidates[0];
  if (first === undefined) return { kind: 'nowhere', path: '*' };
  const { path } = first.route;
  const found = candidates.find(({ route }) => route.method === method);
  if (found) return { kind: 'found', path, ...found };
  return { kind: 'wrong-method', path, allow: candidates.map(({ route }) => route.method).join(', ') };
}

function matchPath(pattern: string, pathname: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = pathname.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? '';
    if (segment.startsWith(':') && value !== '') params[segment.slice(1)] = value;
    else if (segment !== value) return undefined;
  }
  return params;
}

/** Reads a JSON object, or throws the {@link Problem} that says why there is none. */
export async function readJsonObject(request: IncomingMessage): Promise<Record<string, unknown>> {
  const body = parseJson(await readText(request));
  if (!isJsonObject(body)) throw new Problem(400, 'the body must be a JSON object');
  return body;
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // An oversize body is read to its end but not kept: cutting it short would reset the connection before the client has
  // seen the 413. The server's own request timeout bounds a body without an end.
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= BODY_LIMIT) chunks.push(chunk);
  }
  if (size > BODY_LIMIT) throw new Problem(413, `the body is larger than ${BODY_LIMIT} bytes`);
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(400, 'the body is not JSON');
  }
}

function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
