import { Agent } from 'node:http';
import { ajaxTransport, createApi, isApiError, type Transport } from 'renewal';
import { catchError, lastValueFrom, of } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, REFRESH } from '../../support/server';
import { createClient, createExpiredClient, errorOf, type TestClient } from '../../support/server-client';
import { response } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';
const T2 = 'a.access.2';

/**
 * A new connection for each request: on an idle one the transport itself repeats requests that the server may not have
 * seen.
 */
const ajax = ajaxTransport({ agents: { http: new Agent({ keepAlive: false }) } });

/** Turns a failed connection into the 401 that CORS has hidden. */
const unhidden: Transport = (request) =>
  ajax(request).pipe(
    catchError((error) => {
      if (isApiError(error, 'network')) return of(response(401));
      throw error;
    }),
  );

failureMode(
  {
    id: 'C11',
    title: 'Expiry looks like a network error if a 401 comes without CORS headers',
    renewal:
      'A missing response says nothing about the token: it is a `NetworkError` and starts no refresh. A custom transport may turn it into a 401, without risk of a loop.',
    threads: ['Flyrell/axios-auth-refresh#133'],
  },
  (signal) => {
    const server = withServer(signal);

    const unhide = ({ session }: TestClient) => createApi({ baseUrl: server.origin, session, transport: unhidden });

    it.each(['reset', 'reset mid-body'] as const)('does not refresh after a %s', async (reply) => {
      const { api, session } = createClient(server);
      const { state } = session;
      server.replies.set('/orders', reply);
      const error = await errorOf(api.post$('/orders', { amount: 1 }));
      expect(error).toMatchObject({ code: 'network', request: { method: 'POST' } });
      expect(server.tokensOf('/orders')).toEqual([T1]);
      expect(server.refreshes).toBe(0);
      expect(session.state).toBe(state);
    });

    it('sends no third attempt of a request whose replay gets no response', async () => {
      const { session } = createExpiredClient(server);
      const api = createApi({ baseUrl: server.origin, session, transport: ajax });
      const refresh = server.hold(({ path }) => path === REFRESH);
      const error = errorOf(api.get$('/orders'));
      await refresh.arrived(1);
      server.replies.set('/orders', 'reset');
      refresh.open();
      expect(await error).toMatchObject({ code: 'network' });
      expect(server.tokensOf('/orders')).toEqual([T1, T2]);
      expect(server.refreshes).toBe(1);
    });

    it('replays a request with the new token if its transport reports a 401 instead', async () => {
      const api = unhide(createClient(server));
      server.replies.set('/orders', 'reset');
      const refresh = server.hold(({ path }) => path === REFRESH);
      const request = lastValueFrom(api.get$<Echo>('/orders'));
      await refresh.arrived(1);
      server.replies.clear();
      refresh.open();
      expect(await request).toMatchObject({ by: T2, nth: 2 });
      expect(server.refreshes).toBe(1);
    });

    it('limits such a transport to one refresh and two attempts a request while offline', async () => {
      const api = unhide(createClient(server));
      server.replies.set('/orders', 'reset');
      for (const nth of [2, 3, 4]) {
        const error = await errorOf(api.get$('/orders'));
        expect(error).toMatchObject({ code: 'token-rejected', response: { status: 401 } });
        expect(server.hitsOf('/orders')).toHaveLength(nth);
      }
      expect(server.refreshes).toBe(1);
    });
  },
);
