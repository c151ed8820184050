import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { createApi, envelope, isApiError, type TokenGrant } from 'renewal';
import { createSessions, type RedisClient, redisStore, type Sessions } from 'renewal/redis';
import { firstValueFrom, map, type Observable } from 'rxjs';
import { CLIENT_KEY, type Credentials, type Order, type TokenPair } from '../shop/protocol';

export interface Backend {
  readonly listener: RequestListener;
  /** Ends all sessions of this process. They go on in the others. */
  close(): void;
}

/** The id of a user's session: random, in a cookie that scripts of a page cannot read. */
const sessionIdOf = ({ headers }: IncomingMessage): string | undefined =>
  /(?:^|; )sid=([0-9a-f-]{36})(?:;|$)/.exec(headers.cookie ?? '')?.[1];

const cookie = (id: string, attributes = ''): Record<string, string> => ({
  'set-cookie': `sid=${id}; HttpOnly; SameSite=Lax; Path=/${attributes}`,
});

/** A client that tells whether its server can be reached. */
export type StoreClient = RedisClient & { readonly isReady: boolean };

/** The back end of a page: it keeps the tokens of its users, and sends their requests to the shop. */
export const createBackend = (shopUrl: string, client: StoreClient): Backend => {
  const http = createApi({ baseUrl: shopUrl, interceptors: [envelope()] });
  const requestTokens$ = (path: string, body: object): Observable<TokenGrant> =>
    http.post$<TokenPair>(path, body).pipe(map(({ token, refreshToken }) => ({ accessToken: token, refreshToken })));

  const sessions: Sessions = createSessions({
    session: (id) => ({
      store: redisStore({ client, key: `session:${id}` }),
      refresh: ({ refreshToken }) => requestTokens$('/app/renewal', { authorization: CLIENT_KEY, refreshToken }),
    }),
  });

  const login = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // The tokens of a new session would be in this process only.
    if (!client.isReady) return void response.writeHead(503).end();
    const { user, password } = (await json(request)) as Credentials;
    const grant = await firstValueFrom(requestTokens$('/app/login', { user, password }));
    const id = randomUUID();
    await sessions.get(id).signIn(grant);
    response.writeHead(204, cookie(id)).end();
  };

  const logout = async (id: string, response: ServerResponse): Promise<void> => {
    await sessions.get(id).signOut();
    sessions.delete(id);
    response.writeHead(204, cookie('', '; Max-Age=0')).end();
  };

  const listOrders = async (id: string, response: ServerResponse): Promise<void> => {
    const session = sessions.get(id);
    try {
      const orders = await firstValueFrom(http.extend({ session }).get$<Order[]>('/orders'));
      const headers = { 'content-type': 'application/json', 'x-process': `${process.pid}` };
      response.writeHead(200, headers).end(JSON.stringify(orders));
    } catch (error) {
      if (session.state.status !== 'signed-out') throw error;
      // A session that cannot be loaded looks signed out. A 401 would send its user to the login.
      response.writeHead(client.isReady ? 401 : 503).end();
    }
  };

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const id = sessionIdOf(request);
    const route = `${request.method} ${request.url}`;
    if (route === 'POST /login') return login(request, response);
    if (!id) return void response.writeHead(401).end();
    if (route === 'GET /orders') return listOrders(id, response);
    if (route === 'POST /logout') return logout(id, response);
    response.writeHead(404).end();
  };

  return {
    listener: (request, response) => {
      respond(request, response).catch((error) => {
        const status = isApiError(error, 'business') ? 401 : 502;
        response.writeHead(status).end(isApiError(error) ? error.code : 'error');
      });
    },
    close: () => sessions.destroy(),
  };
};
