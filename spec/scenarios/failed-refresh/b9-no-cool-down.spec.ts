import { isApiError } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { beforeEach, expect, it, vi } from 'vitest';
import { accessToken, createBackendClient } from '../../support/backend-client';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { type Echo, json } from '../../support/server';
import { createExpiredClient, errorOf, paths, settleAll } from '../../support/server-client';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'B9',
    title: 'No cool-down: each request after a failed refresh starts another hopeless one',
    renewal:
      'A refused refresh token is never presented again. After a transient failure the next refresh waits 1 s, doubling to 30 s, and requests fail fast; a sign-in ends the cool-down.',
    threads: [
      'supabase/supabase-js#2436',
      'zalando/tokens#10',
      'dsb-norge/vue-keycloak-js#5',
      'CarbonScribe/carbon-scribe#481',
    ],
  },
  (signal) => {
    const server = withServer(signal);

    beforeEach(stopClock);

    it('presents a refused refresh token once, despite a hundred later requests', async () => {
      const { api } = createExpiredClient(server);
      server.refreshReply = json({ error: 'invalid_grant' }, 400);
      expect(await errorOf(api.get$('/first'))).toMatchObject({ code: 'session-expired' });
      for (const path of paths(100)) {
        await settleAll([api.get$(path)]);
        vi.advanceTimersByTime(10);
      }
      vi.advanceTimersByTime(3_600_000);
      await settleAll([api.get$('/an-hour-later')]);
      expect(server.presented).toEqual(['a.refresh.1']);
      for (const path of [...paths(100), '/an-hour-later']) expect(server.tokensOf(path)).toEqual(['']);
    });

    it('fails a hundred requests within a second at once, after a transient failure', async () => {
      const { api, session } = createExpiredClient(server);
      server.refreshReply = json({}, 500);
      const error = await errorOf(api.get$('/first'));
      for (const path of paths(100)) {
        expect(outcomeOf(api.get$(path))).toEqual({ values: [], error });
        vi.advanceTimersByTime(9);
      }
      expect(outcomeOf(session.refresh$()).error).toBe(error);
      expect(outcomeOf(session.accessToken$()).error).toBe(error);
      expect(isApiError(error, 'refresh')).toBe(true);
      expect(server.refreshes).toBe(1);
      expect(server.hits.map(({ path }) => path)).toEqual(['/first']);
    });

    it('uses the refresh token of the next sign-in at once', async () => {
      const { api, session } = createExpiredClient(server);
      server.refreshReply = json({}, 500);
      await errorOf(api.get$('/first'));
      server.refreshReply = undefined;
      const next = server.issue('next');
      await session.signIn(next);
      server.live.clear();
      expect(await lastValueFrom(api.get$<Echo>('/next'))).toMatchObject({ by: 'next.access.2' });
      expect(server.presented).toEqual(['a.refresh.1', next.refreshToken]);
    });

    it('doubles the cool-down with each failure, up to 30 s, and resets it on success', () => {
      const startMs = Date.now();
      const askedAtMs: number[] = [];
      const { backend, api } = createBackendClient(signal, ['/orders'], ({ refresh }) => ({
        refresh: (tokens) => {
          askedAtMs.push(Date.now());
          return refresh(tokens);
        },
      }));
      const goOffline = (refreshes: number): void => {
        for (let count = 0; count < refreshes; count++) backend.failNextRefresh('offline');
      };
      backend.expireTokens();
      goOffline(9);
      const ask = (forMs: number): void => {
        for (let ms = 0; ms < forMs; ms += 100) {
          outcomeOf(api.get$('/orders'));
          vi.advanceTimersByTime(100);
        }
      };
      ask(122_000);
      const seconds = [0, 1, 3, 7, 15, 31, 61, 91, 121];
      expect(askedAtMs.map((atMs) => (atMs - startMs) / 1_000)).toEqual(seconds);

      vi.advanceTimersByTime(30_000);
      expect(outcomeOf(api.get$('/orders'))).toEqual(completedWith({ by: accessToken(2) }));
      goOffline(3);
      backend.expireTokens();
      const againMs = Date.now();
      ask(4_000);
      expect(askedAtMs.slice(seconds.length + 1).map((atMs) => atMs - againMs)).toEqual([0, 1_000, 3_000]);
    });

    it('runs no timer during the cool-down of an idle session', async () => {
      const { api } = createExpiredClient(server);
      server.refreshReply = json({}, 500);
      await errorOf(api.get$('/first'));
      expect(vi.getTimerCount()).toBe(0);
      vi.advanceTimersByTime(3_600_000);
      expect(server.refreshes).toBe(1);
    });
  },
);
