import { lastValueFrom } from 'rxjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, REFRESH, startServer, type TestServer } from '../../support/server';
import { createClient, createExpiredClient, errorOf, passedThrough, resultOf } from '../../support/server-client';
import { tokensShownBy } from '../../support/server-secrets';

const OWN = 'Basic b3du';

failureMode(
  {
    id: 'C4',
    title: 'A wrong password at login starts a refresh, and wipes the session',
    renewal:
      'A request with `auth: false`, or with an `authorization` header of its own, has nothing to do with the session: it waits for nothing, and its expired answer is the caller’s.',
    threads: [
      'Flyrell/axios-auth-refresh#41',
      'MUKE-coder/grit#30',
      'apache/texera#5392',
      'TimeTac/js-client-library#504',
    ],
  },
  (signal) => {
    let server: TestServer;

    beforeEach(async () => {
      server = await startServer(signal);
    });
    afterEach(() => server.close());

    it.each(['/login', '/logout', '/register'])('leaves a POST to %s with auth: false alone', async (path) => {
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
    });

    it.each(['authorization', 'Authorization', 'AUTHORIZATION'])(
      'leaves a request with an %s header of its own alone',
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

    it('leaves the requests of a client with an authorization header of its own alone', async () => {
      const { api, session } = createClient(server);
      const { state } = session;
      const own = api.extend({ headers: { Authorization: OWN } });
      expect(await resultOf(own.get$('/orders'))).toMatchObject(passedThrough(signal));
      expect(server.hits.map(({ authorization }) => authorization)).toEqual([OWN]);
      expect(server.refreshes).toBe(0);
      expect(session.state).toBe(state);
    });

    it('leaves a request alone whose authorization header an interceptor has put on it', async () => {
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
      ['a header of its own', { headers: { authorization: OWN } }],
    ])('has a request with %s wait for no refresh', async (_, options) => {
      const { api } = createExpiredClient(server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const waiting = lastValueFrom(api.get$<Echo>('/orders'));
      await refresh.arrived(1);
      expect(await resultOf(api.post$('/login', {}, options))).toMatchObject(passedThrough(signal));
      refresh.open();
      expect(await waiting).toMatchObject({ by: 'a.access.2' });
      expect(server.refreshes).toBe(1);
    });

    it('lets a login leave while a refresh that has failed cools down', async () => {
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
