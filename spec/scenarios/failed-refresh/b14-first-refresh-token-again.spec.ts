import { lastValueFrom } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json } from '../../support/server';
import { createClient, errorOf, type TestClient } from '../../support/server-client';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'B14',
    title: 'The second refresh presents the first refresh token, captured at creation',
    renewal: '`refresh` receives the current tokens at each call, so each refresh presents the newest refresh token.',
    threads: ['ilios/frontend#2527'],
  },
  (signal) => {
    const server = withServer(signal);

    /** The token of the response to a request after the server has expired all access tokens. */
    const renewed = async ({ api }: TestClient): Promise<string> => {
      server.live.clear();
      return (await lastValueFrom(api.get$<Echo>('/orders'))).by;
    };

    it('presents the newest refresh token at each of three expiries', async () => {
      const client = createClient(server);
      for (const by of ['a.access.2', 'a.access.3', 'a.access.4']) expect(await renewed(client)).toBe(by);
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.2', 'a.refresh.3']);
      expect(await client.store.load()).toMatchObject({ accessToken: 'a.access.4', refreshToken: 'a.refresh.4' });
    });

    it('presents the refresh token of the newest sign-in', async () => {
      const client = createClient(server);
      await renewed(client);
      await client.session.signIn(server.issue('b'));
      await renewed(client);
      await client.session.signOut();
      await client.session.signIn(server.issue('c'));
      expect(await renewed(client)).toBe('c.access.2');
      expect(server.presented).toEqual(['a.refresh.1', 'b.refresh.1', 'c.refresh.1']);
    });

    it('presents the newest refresh token, not an earlier one, after a transient failure', async () => {
      stopClock();
      const client = createClient(server);
      await renewed(client);
      server.live.clear();
      server.refreshReply = json({}, 503);
      await errorOf(client.api.get$('/orders'));
      server.refreshReply = undefined;
      vi.advanceTimersByTime(1_000);
      expect(await renewed(client)).toBe('a.access.3');
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.2', 'a.refresh.2']);
    });

    it('presents the refresh token that the store holds at creation, not an earlier copy', async () => {
      const before = createClient(server);
      await renewed(before);
      before.session.destroy();
      const after = createClient(server, { store: before.store, issued: before.issued });
      expect(await renewed(after)).toBe('a.access.3');
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.2']);
    });
  },
);
