import type { RequestListener } from 'node:http';
import { type Api, createApi, createSession, type Interceptor, type Session, type TokenGrant } from 'renewal';
import { finalize, type Observable, tap } from 'rxjs';

/** The name of the cookie with the refresh token. */
const COOKIE = 'refresh';

const REFRESH_TOKEN = new RegExp(`(?:^|; *)${COOKIE}=([^;]+)`);

/** What one request of a page needs, and no other request may see. */
interface Visit {
  readonly api: Api;
  readonly session: Session;
  /** The `set-cookie` for the response with the page, once the refresh token has been rotated or deleted. */
  readonly setCookie: () => string[];
}

/** @param cookies - The `cookie` header of the visitor's request. */
function createVisit(baseUrl: string, cookies = ''): Visit {
  let refreshToken = REFRESH_TOKEN.exec(cookies)?.[1];
  let rotation: string | undefined;

  /** Sends the visitor's refresh token, and takes the next one from the response, whatever its status. */
  const withCookie: Interceptor = (request, next) =>
    next({ ...request, headers: { ...request.headers, cookie: `${COOKIE}=${refreshToken}` } }).pipe(
      tap((event) => {
        if (event.type !== 'response') return;
        const lines = event.headers['set-cookie']?.split('\n') ?? [];
        rotation = lines.find((line) => line.startsWith(`${COOKIE}=`)) ?? rotation;
        refreshToken = REFRESH_TOKEN.exec(rotation ?? '')?.[1] ?? refreshToken;
      }),
    );
  const http = createApi({ baseUrl });
  const auth = createApi({ baseUrl, interceptors: [withCookie] });
  const renew = (): Observable<TokenGrant> => auth.post$<TokenGrant>('/auth/renew');
  // The default store is the memory of this one session.
  const session = createSession({ refresh: renew, restore: refreshToken ? renew : undefined });
  return { api: http.extend({ session }), session, setCookie: () => (rotation ? [rotation] : []) };
}

/** Renders a page for each request, with a session of its own. `render$` emits the whole page once. */
export const createPageListener =
  (baseUrl: string, render$: (api: Api) => Observable<string>): RequestListener =>
  (request, response) => {
    const { api, session, setCookie } = createVisit(baseUrl, request.headers.cookie);
    const send = (status: number, headers: Record<string, string>, page = ''): void => {
      // No cache may give a page with a cookie, or with the data of a user, to someone else.
      const common = { 'cache-control': 'private, no-store', 'set-cookie': setCookie() };
      response.writeHead(status, { ...headers, ...common }).end(page);
    };
    // Not cancelled if the visitor leaves: the server may have rotated the refresh token by then.
    render$(api)
      .pipe(finalize(() => session.destroy()))
      .subscribe({
        next: (page) => send(200, { 'content-type': 'text/html; charset=utf-8' }, page),
        error: () => (session.state.status === 'signed-out' ? send(302, { location: '/login' }) : send(502, {})),
      });
  };
