import { memoryStore, type TokenGrant } from 'renewal';
import { NEVER, of, throwError } from 'rxjs';
import { beforeEach, expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { installPage } from '../../support/page';
import { createVirtualClient } from '../../support/virtual';

/** Lives two minutes; every later token does too. */
const GRANT: TokenGrant = { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 120_000 };
const AHEAD_MS = 60_000;

failureMode(
  {
    id: 'B17',
    title: 'After one failure the timer is never armed again: the session dies while online',
    renewal:
      'The next request tries again, and so does `keepFresh$()`: by its timer after the cool-down, when the network is back, and when the page becomes visible.',
    threads: [
      'supabase/auth-js#226',
      'supabase/supabase-swift#630',
      'suitedaces/dorabot#42',
      'authts/oidc-client-ts#1343',
    ],
  },
  (signal) => {
    let failures: number;
    let startMs: number;

    beforeEach(() => {
      stopClock();
      startMs = Date.now();
      failures = 2;
    });

    /** A session in which the first `failures` refreshes fail. */
    const createShaky = (grant: TokenGrant = GRANT) => {
      const issuer = createIssuer({ expiresInMs: 120_000 }, (granted, count) =>
        count <= failures ? throwError(() => new Error('offline')) : of(granted),
      );
      const client = createVirtualClient({ signal, grant, isDead: () => false, refresh: issuer.refresh });
      return { ...client, triesAtMs: () => issuer.askedAtMs.map((atMs) => atMs - startMs) };
    };

    it('tries again for the next request after the cool-down', () => {
      const { api, session, triesAtMs } = createShaky();
      const asked = [AHEAD_MS, 1_000, 2_000].map((waitMs) => {
        vi.advanceTimersByTime(waitMs);
        return outcomeOf(api.get$('/orders'));
      });
      expect(asked).toEqual(['T1', 'T1', 'T4'].map((by) => completedWith({ by })));
      expect(triesAtMs()).toEqual([60_000, 61_000, 63_000]);
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T4' } });
    });

    it('tries again by the timer of keepFresh$, which continues with the new tokens', () => {
      const { session, triesAtMs } = createShaky();
      const fresh = outcomeOf(session.keepFresh$());
      vi.advanceTimersByTime(63_000);
      expect(triesAtMs()).toEqual([60_000, 61_000, 63_000]);
      expect(fresh).toMatchObject({ values: [{ accessToken: 'T4' }] });
      vi.advanceTimersByTime(60_000);
      expect(fresh).toMatchObject({ values: [{ accessToken: 'T4' }, { accessToken: 'T5' }] });
      session.destroy();
    });

    it('tries every 30 s with keepFresh$ while the network is down, past the expiry too', () => {
      failures = Infinity;
      const { session, triesAtMs } = createShaky();
      const fresh = outcomeOf(session.keepFresh$());
      vi.advanceTimersByTime(3_600_000);
      const tries = triesAtMs();
      expect(tries.slice(0, 9)).toEqual([60_000, 61_000, 63_000, 67_000, 75_000, 91_000, 121_000, 151_000, 181_000]);
      expect(tries.at(-1)).toBeGreaterThan(3_560_000);
      expect(fresh).toEqual({ values: [] });
      failures = 0;
      vi.advanceTimersByTime(30_000);
      expect(fresh.values).toHaveLength(1);
      session.destroy();
    });

    it('tries again with keepFresh$ at an online event, despite the cool-down', () => {
      const page = installPage();
      const { session, triesAtMs } = createShaky();
      const fresh = outcomeOf(session.keepFresh$());
      vi.advanceTimersByTime(AHEAD_MS);
      page.goOnline();
      page.goOnline();
      expect(triesAtMs()).toEqual([60_000, 60_000, 60_000]);
      expect(fresh).toMatchObject({ values: [{ accessToken: 'T4' }] });
      session.destroy();
      expect(page.listeners).toBe(0);
    });

    it.each(['show', 'restore'] as const)('tries again with keepFresh$ on %s after timers have slept', (wake) => {
      const page = installPage();
      failures = 1;
      const { session, triesAtMs } = createShaky();
      const fresh = outcomeOf(session.keepFresh$());
      vi.advanceTimersByTime(AHEAD_MS);
      page[wake]();
      expect(triesAtMs()).toEqual([60_000]);
      // The wall clock has advanced without the timers, as during a sleep of the machine.
      vi.setSystemTime(startMs + 90_000);
      page[wake]();
      expect(triesAtMs()).toEqual([60_000, 90_000]);
      expect(fresh).toMatchObject({ values: [{ accessToken: 'T3' }] });
      session.destroy();
      expect(page.listeners).toBe(0);
    });

    it('tries again with keepFresh$ after a refresh that hung', () => {
      const issuer = createIssuer({}, (grant, count) => (count === 1 ? NEVER : of(grant)));
      const { session } = createVirtualClient({ signal, grant: GRANT, refresh: issuer.refresh });
      const fresh = outcomeOf(session.keepFresh$());
      vi.advanceTimersByTime(AHEAD_MS + 30_000 + 1_000);
      expect(issuer.askedAtMs.map((atMs) => atMs - startMs)).toEqual([60_000, 91_000]);
      expect(fresh).toMatchObject({ values: [{ accessToken: 'T3' }] });
      session.destroy();
    });

    it('calls `restore` again with keepFresh$ at an online event', () => {
      const page = installPage();
      let isUp = false;
      const restore = () => (isUp ? of(GRANT) : throwError(() => new Error('offline')));
      const { session } = createVirtualClient({ signal, store: memoryStore(), restore });
      const fresh = outcomeOf(session.keepFresh$());
      expect(session.state).toMatchObject({ status: 'loading' });
      isUp = true;
      page.goOnline();
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T1' } });
      expect(fresh).toMatchObject({ values: [{ accessToken: 'T1' }] });
      session.destroy();
    });
  },
);
