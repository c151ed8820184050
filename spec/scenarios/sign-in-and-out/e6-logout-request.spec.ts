import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { json, REFRESH, type Reply } from '../../support/server';
import { createExpiredClient, errorOf, passedThrough, resultOf, type TestClient } from '../../support/server-client';
import { tokensOfWaiting, waitForRefresh } from '../../support/server-waiting';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';

/** Responses of a server to a logout request. */
const ANSWERS: Readonly<Record<string, Reply | undefined>> = {
  'an expired response': undefined,
  'status 204': { status: 204 },
  'status 403': json({ error: 'forbidden' }, 403),
  'status 500': { status: 500 },
  'a page': { type: 'text/html', body: '<h1>bye</h1>' },
  'a reset': 'reset',
};

failureMode(
  {
    id: 'E6',
    title: 'The logout request has a dead token: it starts a refresh, or keeps the user in',
    renewal:
      '`signOut()` sends no request: it ends the session here, whatever the outcome of a logout request. A logout request with its own `authorization` header, or after `signOut()`, starts no refresh.',
    threads: ['francesco-gaglione/focus_flow_cloud#41', 'supabase/supabase-js#2504'],
  },
  (signal) => {
    const server = withServer(signal);

    /** Notifies the server first, with the current token, and then ends the session in any case. */
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

    it.each(Object.entries(ANSWERS))('ends the session if the logout request gets %s', async (_, reply) => {
      const client = createExpiredClient(server);
      if (reply) server.replies.set('/logout', reply);
      await logOut(client);
      expect(server.tokensOf('/logout')).toEqual([T1]);
      expect(server.refreshes).toBe(0);
      await isOut(client);
    });

    it('lets the logout request wait for no refresh, and cancels the running one', async () => {
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

    it('signs out during the cool-down of a failed refresh', async () => {
      const client = createExpiredClient(server);
      server.refreshReply = { status: 503 };
      await errorOf(client.api.get$('/orders'));
      await logOut(client);
      expect(server.tokensOf('/logout')).toEqual([T1]);
      expect(server.refreshes).toBe(1);
      await isOut(client);
    });

    it.each(Object.entries(ANSWERS))(
      'sends a logout request after signOut() without a token: it gets %s',
      async (name, reply) => {
        const client = createExpiredClient(server);
        if (reply) server.replies.set('/logout', reply);
        await client.session.signOut();
        const result = await resultOf(client.api.post$('/logout', { refreshToken: client.issued.refreshToken }));
        if (!reply) expect(result, name).toMatchObject(passedThrough(signal));
        expect(server.hitsOf('/logout')).toMatchObject([{ authorization: undefined }]);
        expect(server.refreshes).toBe(0);
        await isOut(client);
      },
    );

    it('starts no refresh for a session request in flight when signOut() is called', async () => {
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
