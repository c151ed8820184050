import type { Tokens } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json } from '../../support/server';
import { createExpiredClient, errorOf } from '../../support/server-client';
import { withServer } from '../../support/with-server';

/** The grants of servers that do not rotate the refresh token. */
const NONE: Readonly<Record<string, object>> = {
  'leaves it out': {},
  'sends null': { refreshToken: null },
  'sends an empty string': { refreshToken: '' },
};

failureMode(
  {
    id: 'B13',
    title: 'The refresh token is lost if the server does not rotate it',
    renewal: 'A grant without a refresh token keeps the old one, in the session and in the store.',
    threads: [
      'nuxt-community/auth-module#593',
      'lelylan/simple-oauth2#434',
      'DuendeArchive/IdentityModel#135',
      'modelcontextprotocol/python-sdk#2304',
    ],
  },
  (signal) => {
    const server = withServer(signal);

    /** The next refresh grants this access token, with these extra fields. */
    const grant = (accessToken: string, rest: object): void => {
      server.live.clear();
      server.live.add(accessToken);
      server.refreshReply = json({ accessToken, ...rest });
    };

    it.each(Object.entries(NONE))(
      'refreshes with the old refresh token repeatedly if the server %s',
      async (_, none) => {
        const { api, session, store } = createExpiredClient(server);
        for (const token of ['a.access.2', 'a.access.3', 'a.access.4']) {
          grant(token, none);
          expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: token });
          const kept = { accessToken: token, refreshToken: 'a.refresh.1' };
          expect(session.state).toMatchObject({ status: 'active', tokens: kept });
          expect(await store.load()).toMatchObject(kept);
        }
        expect(server.presented).toEqual(Array(3).fill('a.refresh.1'));
      },
    );

    it('uses the new refresh token as soon as the server rotates after all', async () => {
      const { api, store } = createExpiredClient(server);
      grant('a.access.2', {});
      await lastValueFrom(api.get$('/orders'));
      grant('a.access.3', { refreshToken: 'a.refresh.3' });
      await lastValueFrom(api.get$('/orders'));
      grant('a.access.4', {});
      await lastValueFrom(api.get$('/orders'));
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.1', 'a.refresh.3']);
      expect(await store.load()).toMatchObject({ accessToken: 'a.access.4', refreshToken: 'a.refresh.3' });
    });

    it('passes no old refresh token to a sign-in without one', async () => {
      const shown: Tokens[] = [];
      const { api, session, store } = createExpiredClient(server, {
        refresh: (tokens) => {
          shown.push(tokens);
          throw new Error('no refresh token');
        },
      });
      await session.signIn({ accessToken: 'b.access.1' });
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'refresh' });
      expect(shown).toEqual([{ accessToken: 'b.access.1', sessionId: expect.any(String), revision: 1 }]);
      expect(await store.load()).toEqual(shown[0]);
    });
  },
);
