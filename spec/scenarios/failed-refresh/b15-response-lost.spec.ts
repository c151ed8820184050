import { isApiError, type RequestEvent, type SessionExpiredError, type SessionOptions } from 'renewal';
import { filter, firstValueFrom, lastValueFrom } from 'rxjs';
import { beforeEach, expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json } from '../../support/server';
import { createExpiredClient, errorOf, errorsOf, paths, settleAll, type TestClient } from '../../support/server-client';
import { withServer } from '../../support/with-server';

const COUNT = 5;
const SIGNED_IN = { accessToken: 'a.access.1', refreshToken: 'a.refresh.1' };

failureMode(
  {
    id: 'B15',
    title: 'A response lost after rotation: the spent refresh token is presented repeatedly',
    renewal:
      'No refresh is retried by default: waiting requests get a `RefreshError`, the session is kept. With `refreshRetries` the old token is presented again, which servers with a grace period accept; a refusal ends the session, once.',
    threads: ['advplyr/audiobookshelf#5281', 'rokwire/illinois-app#5836', 'thephpleague/oauth2-server#1506'],
  },
  (signal) => {
    const server = withServer(signal);
    let expired: SessionExpiredError[];

    beforeEach(() => {
      server.losesRefreshes = true;
      stopClock();
      expired = [];
    });

    const createWatched = (options: Partial<SessionOptions> = {}): TestClient =>
      createExpiredClient(server, { onSessionExpired: (error) => expired.push(error), ...options });

    /** The first try has failed, and its effects have settled. */
    const lost = ({ http }: TestClient): Promise<unknown> =>
      firstValueFrom(
        http.events$.pipe(filter((event): event is RequestEvent => 'error' in event && event.phase === 'settled')),
      );

    /** The outcomes of requests whose first refresh response is lost, and only the first. */
    const loseOnce = async (client: TestClient) => {
      const isLost = lost(client);
      const results = settleAll(paths(COUNT).map((path) => client.api.get$<Echo>(path)));
      await isLost;
      server.losesRefreshes = false;
      return { results };
    };

    it('does not retry by default, and keeps the session with the old refresh token', async () => {
      const client = createWatched();
      const errors = errorsOf(await settleAll(paths(COUNT).map((path) => client.api.get$(path))));
      expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(COUNT);
      vi.advanceTimersByTime(3_600_000);
      expect(server.presented).toEqual(['a.refresh.1']);
      expect(client.session.state).toMatchObject({ status: 'expired', tokens: SIGNED_IN });
      expect(await client.store.load()).toMatchObject(SIGNED_IN);
      expect(expired).toEqual([]);
    });

    it('ends the session once, when the next request presents the spent token', async () => {
      const client = createWatched();
      await errorOf(client.api.get$('/first'));
      server.losesRefreshes = false;
      vi.advanceTimersByTime(1_000);
      const errors = errorsOf(await settleAll(paths(COUNT).map((path) => client.api.get$(path))));
      expect(new Set(errors)).toEqual(new Set(expired));
      expect(expired).toHaveLength(1);
      await settleAll([client.api.get$('/later')]);
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.1']);
    });

    it('survives with one retry if the server still accepts the spent token', async () => {
      const client = createWatched({ refreshRetries: 1 });
      const { results } = await loseOnce(client);
      const next = server.issue();
      server.refreshReply = json(next);
      vi.advanceTimersByTime(1_000);
      expect(errorsOf(await results)).toEqual(Array(COUNT).fill(undefined));
      for (const path of paths(COUNT)) expect(server.tokensOf(path)).toEqual(['a.access.1', next.accessToken]);
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.1']);
      expect(await client.store.load()).toMatchObject(next);

      server.refreshReply = undefined;
      server.live.clear();
      await lastValueFrom(client.api.get$('/later'));
      expect(server.presented.at(-1)).toBe(next.refreshToken);
    });

    it('ends the session once, when the one retry is refused', async () => {
      const client = createWatched({ refreshRetries: 1 });
      const { results } = await loseOnce(client);
      vi.advanceTimersByTime(1_000);
      const errors = errorsOf(await results);
      expect(errors.filter((error) => isApiError(error, 'session-expired'))).toHaveLength(COUNT);
      expect(new Set(errors)).toEqual(new Set(expired));
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.1']);
      expect(await client.store.load()).toBeNull();
    });
  },
);
