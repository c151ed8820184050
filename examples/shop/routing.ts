import type { IncomingMessage } from 'node:http';
import type { Envelope } from './protocol';

/** The response of a handler, with its body at once or in parts; `'hang-up'` cuts the connection instead. */
export type ShopResponse =
  | { readonly status: number; readonly headers: Record<string, string>; readonly body: string | AsyncIterable<string> }
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

/** The result of the lookup of a path. `path` is the pattern of the route, `*` if there is none. */
export type Match =
  | { readonly kind: 'found'; readonly path: string; readonly route: Route; readonly params: Record<string, string> }
  | { readonly kind: 'wrong-method'; readonly path: string; readonly allow: string }
  | { readonly kind: 'nowhere'; readonly path: '*' };

/** An error that a handler throws from any depth. It becomes the response. */
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

const MAX_BODY_BYTES = 64 * 1024;

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
  return { kind: 'wrong-method', path, allow: [...new Set(candidates.map(({ route }) => route.method))].join(', ') };
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

/** Reads a JSON object, or throws a {@link Problem} with the reason. */
export async function readJsonObject(request: IncomingMessage): Promise<Record<string, unknown>> {
  const body = parseJson(await readText(request));
  if (!isJsonObject(body)) throw new Problem(400, 'body: expected a JSON object');
  return body;
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // An oversize body is read to its end but not kept: otherwise the connection is reset before the client gets the 413.
  // The request timeout of the server bounds a body without an end.
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) throw new Problem(413, `body: expected at most ${MAX_BODY_BYTES} bytes`);
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(400, 'body: expected JSON');
  }
}

function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
