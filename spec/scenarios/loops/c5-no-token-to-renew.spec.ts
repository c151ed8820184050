import { memoryStore, type SessionExpiredError } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json } from '../../support/server';
import {
  createClient,
  createExpiredClient,
  errorOf,
  passedThrough,
  resultOf,
  type TestClient,
} from '../../support/server-client';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'C5',
    title: 'An expired response to a request without a token starts a hopeless refresh',
    renewal:
      'A request of a signed-out session leaves without a token, and its expired response goes to the caller: no refresh starts.',
    threads: [
      'reduxjs/redux-toolkit#2045',
      'gibahjoe/keycloak_flutter#10',
      'googleapis/google-auth-library-nodejs#290',
    ],
  },
  (signal) => {
    const server = withServer(signal);

    /** A client with a signed-out session, for each reason. */
    const SIGNED_OUT: Readonly<Record<string, () => TestClient | Promise<TestClient>>> = {
      none: () => createClient(server, { store: memoryStore() }),
      'sign-out': async () => {
        const client = createClient(server);
        await client.session.signOut();
        return client;
      },
      'session-expired': async () => {
        const client = createExpiredClient(server);
        server.refreshReply = json({ error: 'invalid_grant' }, 400);
        await errorOf(client.api.get$('/before'));
        return client;
      },
    };

    it.each(Object.entries(SIGNED_OUT))(
      'delivers the expired response to the caller when signed out, reason %s',
      async (reason, create) => {
        const { api, session, store } = await create();
        const before = server.refreshes;
        const { state } = session;
        expect(state).toMatchObject({ status: 'signed-out', reason });

        expect(await resultOf(api.get$('/orders'))).toMatchObject(passedThrough(signal));
        expect(server.hitsOf('/orders')).toMatchObject([{ authorization: undefined }]);
        expect(server.refreshes).toBe(before);
        expect(session.state).toBe(state);
        expect(await store.load()).toBeNull();
      },
    );

    it('keeps a session that began while a request without a token was in flight', async () => {
      const { api, session } = createClient(server, { store: memoryStore() });
      const late = server.hold(({ path }) => path === '/late');
      const result = resultOf(api.get$('/late'));
      await late.arrived(1);
      const issued = server.issue();
      await session.signIn(issued);
      const { state } = session;
      late.open();

      expect(await result).toMatchObject(passedThrough(signal));
      expect(session.state).toBe(state);
      expect(server.refreshes).toBe(0);
      expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: issued.accessToken });
    });

    it('calls refresh once if there is no refresh token, and never sends undefined', async () => {
      const expired: SessionExpiredError[] = [];
      const { api, session } = createClient(server, { onSessionExpired: (error) => expired.push(error) });
      await session.signIn({ accessToken: 'unknown' });
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'session-expired' });
      expect(server.refreshHits.map(({ body }) => `${body}`)).toEqual(['{}']);
      expect(expired).toHaveLength(1);
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
    });
  },
);
