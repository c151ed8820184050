import type { SessionExpiredError } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { beforeEach, expect, it } from 'vitest';
import type { Gate } from '../../support/barrier';
import { eventsOf } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { type Echo, type Hit, json, type Reply, type TestServer } from '../../support/server';
import { createClient, createExpiredClient, errorOf, type TestClient } from '../../support/server-client';
import { tokensShownBy } from '../../support/server-secrets';
import { withServer } from '../../support/with-server';

const A1 = 'a.access.1';

/** The ways in which the session of A may end while a request of A is in flight. */
const ENDS: Readonly<Record<string, (client: TestClient, server: TestServer) => void | Promise<void>>> = {
  'a sign-out': ({ session }) => session.signOut(),
  'a sign-in of B': ({ session }, server) => session.signIn(server.issue('b')),
  'a sign-in of A again': ({ session }, server) => session.signIn(server.issue('a')),
  'destroy()': ({ session }) => session.destroy(),
};

const OTHER_ANSWERS: Readonly<Record<string, readonly [reply: Reply, error: object]>> = {
  'a status of 403': [json({}, 403), { code: 'status', status: 403 }],
  'a status of 500': [json({}, 500), { code: 'status', status: 500 }],
  'a reset': ['reset', { code: 'network' }],
};

failureMode(
  {
    id: 'E9',
    title: 'The response to a request of A arrives after the sign-out, and starts a refresh',
    renewal:
      'It is delivered as it is; an expired response is `SignedOutError`, or `SessionExpiredError` if a refusal had ended the session. Neither changes the current session.',
  },
  (signal) => {
    const server = withServer(signal);
    let late: Gate<Hit>;

    beforeEach(() => {
      late = server.hold(({ path }) => path === '/late');
    });

    it.each(Object.entries(ENDS))(
      'errors with SignedOutError if the response says expired after %s',
      async (_, end) => {
        const client = createExpiredClient(server);
        const { api, session, store } = client;
        const error = errorOf(api.get$('/late'));
        await late.arrived(1);
        await end(client, server);
        const { state } = session;
        const kept = await store.load();
        const events = eventsOf(api);
        late.open();

        expect(await error).toMatchObject({ code: 'signed-out' });
        expect(tokensShownBy([await error])).toEqual([]);
        expect(session.state).toBe(state);
        expect(await store.load()).toBe(kept);
        expect(server.tokensOf('/late')).toEqual([A1]);
        expect(server.refreshes).toBe(0);
        expect(events.filter(({ type }) => type !== 'request')).toEqual([]);
      },
    );

    it.each([
      ['and stays so', false],
      ['and B has signed in since', true],
    ])('errors with SessionExpiredError if it says expired after a refusal, %s', async (_, isNext) => {
      const expired: SessionExpiredError[] = [];
      const client = createExpiredClient(server, { onSessionExpired: (error) => expired.push(error) });
      const { api, session } = client;
      server.refreshReply = json({ error: 'invalid_grant' }, 400);
      const error = errorOf(api.get$('/late'));
      await late.arrived(1);
      await errorOf(api.get$('/orders'));
      if (isNext) await session.signIn(server.issue('b'));
      const { state } = session;
      late.open();

      expect(await error).toMatchObject({ code: 'session-expired' });
      expect(session.state).toBe(state);
      expect(server.tokensOf('/late')).toEqual([A1]);
      expect(server.refreshes).toBe(1);
      expect(expired).toHaveLength(1);
    });

    it.each(Object.entries(ENDS))('delivers a successful response after %s', async (_, end) => {
      const client = createClient(server);
      const request = lastValueFrom(client.api.get$<Echo>('/late'));
      await late.arrived(1);
      await end(client, server);
      const { state } = client.session;
      late.open();
      expect(await request).toMatchObject({ by: A1 });
      expect(client.session.state).toBe(state);
    });

    it.each(Object.entries(OTHER_ANSWERS))(
      'delivers a response after a sign-out when it is %s',
      async (_, [reply, wanted]) => {
        const { api, session } = createClient(server);
        server.replies.set('/late', reply);
        const error = errorOf(api.get$('/late'));
        await late.arrived(1);
        await session.signOut();
        const { state } = session;
        late.open();
        expect(await error).toMatchObject(wanted);
        expect(session.state).toBe(state);
        expect(server.refreshes).toBe(0);
      },
    );

    it('keeps the session of B during a replay of a request of A', async () => {
      const { api, session } = createExpiredClient(server);
      const again = server.hold(({ path, token }) => path === '/again' && token !== A1);
      server.closedTo.add('/again');
      const error = errorOf(api.get$('/again'));
      await again.arrived(1);
      await session.signIn(server.issue('b'));
      const { state } = session;
      again.open();
      expect(await error).toMatchObject({ code: 'token-rejected' });
      expect(session.state).toBe(state);
      expect(server.tokensOf('/again')).toEqual([A1, 'a.access.2']);
      expect(server.refreshes).toBe(1);
    });
  },
);
