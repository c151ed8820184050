import { lastValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, REFRESH } from '../../support/server';
import { createClient, createExpiredClient, errorOf, passedThrough, resultOf } from '../../support/server-client';
import { tokensShownBy } from '../../support/server-secrets';
import { withServer } from '../../support/with-server';

const OWN = 'Basic b3du';

failureMode(
  {
    id: 'C4',
    title: 'A wrong password at login starts a refresh, and clears the session',
    renewal:
      'A request with `auth: false`, or with its own `authorization` header, is independent of the session: it never waits, and its expired response goes to the caller.',
    threads: [
      'Flyrell/axios-auth-refresh#41',
      'MUKE-coder/grit#30',
      'apache/texera#5392',
      'TimeTac/js-client-library#504',
    ],
  },
  (signal) => {
    const server = withServer(signal);

    it.each(['/login', '/logout', '/register'])(
      'sends a POST to %s with auth: false outside the session',
      async (path) => {
        const { api, session, store } = createClient(server);
        const { state } = session;
        const kept = await store.load();
        const result = await resultOf(api.post$(path, { user: 'a', password: 'wrong' }, { auth: false }));

        expect(result).toMatchObject(passedThrough(signal));
        expect(tokensShownBy([result])).toEqual([]);
        expect(server.hits).toMatchObject([{ path, authorization: undefined }]);
        expect(server.refreshes).toBe(0);
        expect(session.state).toBe(state);
        expect(await store.load()).toBe(kept);
      },
    );

    it.each(['authorization', 'Authorization', 'AUTHORIZATION'])(
      'sends a request with its own %s header outside the session',
      async (name) => {
        const { api, session, store } = createClient(server);
        const { state } = session;
        const kept = await store.load();
        expect(await resultOf(api.get$('/orders', { headers: { [name]: OWN } }))).toMatchObject(passedThrough(signal));
        expect(server.hits.map(({ authorization }) => authorization)).toEqual([OWN]);
        expect(server.refreshes).toBe(0);
        expect(session.state).toBe(state);
        expect(await store.load()).toBe(kept);
      },
    );

    it('sends requests of a client with its own authorization header outside the session', async () => {
      const { api, session } = createClient(server);
      const { state } = session;
      const own = api.extend({ headers: { Authorization: OWN } });
      expect(await resultOf(own.get$('/orders'))).toMatchObject(passedThrough(signal));
      expect(server.hits.map(({ authorization }) => authorization)).toEqual([OWN]);
      expect(server.refreshes).toBe(0);
      expect(session.state).toBe(state);
    });

    it('sends a request outside the session if an interceptor adds authorization', async () => {
      const { api } = createClient(server);
      const basic = api.extend({
        interceptors: [(request, next) => next({ ...request, headers: { ...request.headers, authorization: OWN } })],
      });
      expect(await resultOf(basic.get$('/orders'))).toMatchObject(passedThrough(signal));
      expect(server.hits.map(({ authorization }) => authorization)).toEqual([OWN]);
      expect(server.refreshes).toBe(0);
    });

    it.each([
      ['auth: false', { auth: false }],
      ['its own header', { headers: { authorization: OWN } }],
    ])('lets a request with %s wait for no refresh', async (_, options) => {
      const { api } = createExpiredClient(server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const waiting = lastValueFrom(api.get$<Echo>('/orders'));
      await refresh.arrived(1);
      expect(await resultOf(api.post$('/login', {}, options))).toMatchObject(passedThrough(signal));
      refresh.open();
      expect(await waiting).toMatchObject({ by: 'a.access.2' });
      expect(server.refreshes).toBe(1);
    });

    it('sends a login during the cool-down of a failed refresh', async () => {
      const { api, session } = createExpiredClient(server);
      server.refreshReply = { status: 503 };
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'refresh' });
      const { state } = session;
      expect(await resultOf(api.post$('/login', {}, { auth: false }))).toMatchObject(passedThrough(signal));
      expect(session.state).toBe(state);
      expect(server.refreshes).toBe(1);
    });
  },
);
