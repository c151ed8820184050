import { asyncScheduler, catchError, concatMap, defer, delay, map, NEVER, type Observable, of } from 'rxjs';
import { encodePath, targetOf, toWireReply, type WireReply } from './reply';
import { callRoute$, encodeKey, type FakeRequest, type Route } from './route';
import type { Issued, RefreshRefusal, TokenIssuer } from './token-issuer';

/** How a refresh can fail. */
export type RefreshFault = 'refused' | 'unavailable' | 'offline' | 'never' | 'malformed';

const REFRESH_FAULTS: readonly RefreshFault[] = ['refused', 'unavailable', 'offline', 'never', 'malformed'];

/** A request that has arrived. */
export interface LogEntry {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The token that it carried, without `Bearer`. */
  readonly token?: string;
  /** 0 if there is no response. */
  readonly status: number;
}

/** A request on the wire, by either way in: its body is serialised. */
export type WireRequest = Pick<FakeRequest, 'method' | 'headers' | 'body'> & { readonly url: string };

/** The settings of a {@link FakeServer}, all present. */
export interface FakeServerOptions {
  readonly signal: 'status' | 'code';
  readonly latencyMs: number;
  readonly refreshPath: string;
  readonly routes: Readonly<Record<string, Route>>;
  readonly publicRoutes: readonly string[];
}

/** What a backend does with a request, whatever way it came in. */
export interface FakeServer {
  /** Emits the reply; `'offline'` if there is no connection. */
  handle$(request: WireRequest): Observable<WireReply | 'offline'>;
  failNextRefresh(kind: RefreshFault): void;
  /** The next tokens for a refresh token, or why it is refused; counts as a refresh. */
  rotate(refreshToken: string): Issued | RefreshRefusal;
  readonly log: readonly LogEntry[];
  readonly refreshes: number;
  /** What no client should send, in the order of its arrival. */
  readonly problems: readonly string[];
}

/** What becomes of a request: a reply, no connection, or nothing ever. */
type Outcome = WireReply | 'offline' | 'never';

/** What a refresh without a refresh token has sent instead. Quotes no value. */
const describeBody = (body: unknown): string => {
  if (body === null) return 'it has no body';
  return typeof body === 'object' ? `keys: ${Object.keys(body).join(', ')}` : 'its body is a text, expected JSON';
};

/** The value that a route sees of a serialised body. */
const parseBody = (body: unknown, type = ''): unknown => {
  if (typeof body !== 'string' || !/^[^;]*[/+]json\b/i.test(type)) return body ?? null;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
};

const errorReply = (status: number, error: string, message: string): WireReply =>
  toWireReply({ status, body: { error, message } });

/** Refusals that no client should cause. */
const REFUSALS: { readonly [Why in Exclude<RefreshRefusal, 'revoked'>]: string } = {
  unknown: 'its refresh token was never issued',
  spent: 'its refresh token has been used before; a refresh replaces it',
};

export const createFakeServer = (options: FakeServerOptions, issuer: TokenIssuer): FakeServer => {
  const { signal, latencyMs } = options;
  const refreshPath = encodePath(options.refreshPath);
  const routes = new Map(Object.entries(options.routes).map(([key, route]) => [encodeKey(key), route]));
  const publicRoutes = new Set(options.publicRoutes.map(encodeKey));
  const log: LogEntry[] = [];
  const faults: RefreshFault[] = [];
  const problems: string[] = [];
  let refreshes = 0;

  /** The reply that says that an access token, or a refresh token, is dead. */
  const deadReply = (error: string, message: string): WireReply =>
    signal === 'status' ? errorReply(401, error, message) : toWireReply({ body: { code: 1002, message } });

  /** The reply to a request that no client should send. */
  const reject = (status: number, error: string, name: string, message: string): WireReply => {
    problems.push(`${name}: ${message}`);
    return errorReply(status, error, message);
  };

  const refused = () => deadReply('invalid_grant', 'the refresh token is not valid');

  const rotate = (name: string, refreshToken: string): Issued | RefreshRefusal => {
    const grant = issuer.rotate(refreshToken);
    if (typeof grant === 'string' && grant !== 'revoked') problems.push(`${name}: ${REFUSALS[grant]}`);
    return grant;
  };

  const refresh = (body: unknown): Outcome => {
    refreshes++;
    switch (faults.shift()) {
      case 'refused':
        return refused();
      case 'unavailable':
        return toWireReply({ status: 503, headers: { 'content-type': 'text/plain' }, body: 'unavailable' });
      case 'malformed':
        return toWireReply({ body: {} });
      case 'offline':
        return 'offline';
      case 'never':
        return 'never';
    }
    const { refreshToken } = Object(body);
    if (typeof refreshToken !== 'string') {
      const message = `refreshToken: expected a string (${describeBody(body)})`;
      return reject(400, 'invalid_request', `POST ${refreshPath}`, message);
    }
    const grant = rotate(`POST ${refreshPath}`, refreshToken);
    return typeof grant === 'object' ? toWireReply({ body: grant }) : refused();
  };

  const route$ = (request: FakeRequest, isTokenSent: boolean): Observable<Outcome> => {
    const { method, path, user } = request;
    const name = `${method} ${path}`;
    const key = routes.has(name) ? name : path;
    const route = routes.get(key);
    if (!route) {
      const known = [...routes.keys(), `POST ${refreshPath}`].join(', ');
      return of(reject(404, 'not_found', name, `there is no such route; the routes: ${known}`));
    }
    if (user === undefined && !publicRoutes.has(key))
      return of(deadReply('invalid_token', isTokenSent ? 'the token has expired' : 'there is no token'));
    return callRoute$(route, request).pipe(
      catchError((error) => of(reject(500, 'route', name, `the route has failed: ${Object(error).message ?? error}`))),
    );
  };

  const outcome$ = ({ method, url, headers, body }: WireRequest, token: string | undefined): Observable<Outcome> => {
    const { path, query } = targetOf(url);
    const parsed = parseBody(body, headers['content-type']);
    if (method === 'POST' && path === refreshPath) return of(refresh(parsed));
    const user = token === undefined ? undefined : issuer.userOf(token);
    const request = { method, path, query: new URLSearchParams(query), headers, body: parsed, user };
    return route$(request, token !== undefined);
  };

  const handle$: FakeServer['handle$'] = (request) =>
    defer(() => {
      const token = /^Bearer (.*)$/i.exec(request.headers.authorization ?? '')?.[1];
      const { path } = targetOf(request.url);
      const nth = log.push({ method: request.method, path, ...(token !== undefined && { token }), status: 0 }) - 1;
      return outcome$(request, token).pipe(
        concatMap((outcome) => {
          if (outcome === 'never') return NEVER;
          if (outcome !== 'offline') log[nth] = { ...(log[nth] as LogEntry), status: outcome.status };
          return of(outcome);
        }),
        latencyMs ? delay(latencyMs, asyncScheduler) : map((reply) => reply),
      );
    });

  return {
    handle$,
    failNextRefresh: (kind) => {
      if (!REFRESH_FAULTS.includes(kind))
        throw new TypeError('kind: expected refused, unavailable, offline, never or malformed');
      faults.push(kind);
    },
    rotate: (refreshToken) => {
      refreshes++;
      return rotate('rotate', refreshToken);
    },
    log,
    problems,
    get refreshes() {
      return refreshes;
    },
  };
};
