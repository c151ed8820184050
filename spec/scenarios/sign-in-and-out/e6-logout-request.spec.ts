import { afterEach, beforeEach, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { json, REFRESH, type Reply, startServer, type TestServer } from '../../support/server';
import { createExpiredClient, errorOf, passedThrough, resultOf, type TestClient } from '../../support/server-client';
import { tokensOfWaiting, waitForRefresh } from '../../support/server-waiting';

const T1 = 'a.access.1';

/** What a server may answer to those who leave. */
const ANSWERS: Readonly<Record<string, Reply | undefined>> = {
  'that the token has expired': undefined,
  'with a status of 204': { status: 204 },
  'with a status of 403': json({ error: 'forbidden' }, 403),
  'with a status of 500': { status: 500 },
  'with a page': { type: 'text/html', body: '<h1>bye</h1>' },
  'by a reset': 'reset',
};

failureMode(
  {
    id: 'E6',
    title: 'The logout request has a dead token itself: it is refreshed for, or the user stays signed in',
    renewal:
      '`signOut()` asks no server: it ends the session here whatever becomes of a logout request. One with an `authorization` header of its own, or sent after `signOut()`, starts no refresh.',
    threads: ['francesco-gaglione/focus_flow_cloud#41', 'supabase/supabase-js#2504'],
  },
  (signal) => {
    let server: TestServer;

    beforeEach(async () => {
      server = await startServer(signal);
    });
    afterEach(() => server.close());

    /** Tells the server first, with the token as it is, and then ends the session in any case. */
    const logOut = async ({ api, session }: Pick<TestClient, 'api' | 'session'>): Promise<void> => {
      const { state } = session;
      const headers = 'tokens' in state ? { authorization: `Bearer ${state.tokens.accessToken}` } : {};
      await resultOf(api.post$('/logout', null, { headers }));
      await session.signOut();
    };

    const isOut = async ({ session, store }: Pick<TestClient, 'session' | 'store'>): Promise<void> => {
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
      expect(await store.load()).toBeNull();
    };

    it.each(Object.entries(ANSWERS))('ends the session though the server answers %s', async (_, reply) => {
      const client = createExpiredClient(server);
      if (reply) server.replies.set('/logout', reply);
      await logOut(client);
      expect(server.tokensOf('/logout')).toEqual([T1]);
      expect(server.refreshes).toBe(0);
      await isOut(client);
    });

    it('has the logout request wait for no refresh, and ends the one that is out', async () => {
      const client = createExpiredClient(server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const { errors } = await waitForRefresh(client, refresh);
      await logOut(client);
      await server.aborted(REFRESH);
      refresh.open();

      expect(server.tokensOf('/logout')).toEqual([T1]);
      expect(errors).toMatchObject(Array(10).fill({ code: 'signed-out' }));
      expect(tokensOfWaiting(server)).toEqual(Array(5).fill(T1));
      await isOut(client);
    });

    it('works while a refresh that has failed cools down', async () => {
      const client = createExpiredClient(server);
      server.refreshReply = { status: 503 };
      await errorOf(client.api.get$('/orders'));
      await logOut(client);
      expect(server.tokensOf('/logout')).toEqual([T1]);
      expect(server.refreshes).toBe(1);
      await isOut(client);
    });

    it.each(Object.entries(ANSWERS))('sends one after signOut() without a token: answered %s', async (name, reply) => {
      const client = createExpiredClient(server);
      if (reply) server.replies.set('/logout', reply);
      await client.session.signOut();
      const result = await resultOf(client.api.post$('/logout', { refreshToken: client.issued.refreshToken }));
      if (!reply) expect(result, name).toMatchObject(passedThrough(signal));
      expect(server.hitsOf('/logout')).toMatchObject([{ authorization: undefined }]);
      expect(server.refreshes).toBe(0);
      await isOut(client);
    });

    it('starts no refresh for one of the session that is out when signOut() is called', async () => {
      const client = createExpiredClient(server);
      const logout = server.hold(({ path }) => path === '/logout');
      const error = errorOf(client.api.post$('/logout'));
      await logout.arrived(1);
      await client.session.signOut();
      logout.open();
      expect(await error).toMatchObject({ code: 'signed-out' });
      expect(server.tokensOf('/logout')).toEqual([T1]);
      expect(server.refreshes).toBe(0);
      await isOut(client);
    });
  },
);
