import type { TokenGrant } from 'renewal';
import { NEVER, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { createRecorder, outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { createVirtualClient, response } from '../../support/virtual';
import { createWallClock } from '../../support/wall-clock';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

failureMode(
  {
    id: 'H1',
    title: 'A timer of more than 2³¹−1 ms fires at once, and the refresh loops',
    renewal:
      'No timer exceeds the maximum of the platforms (24 days). A longer wait consists of several timers, each of which only checks again; a longer limit counts as none.',
    threads: [
      'keycloak/keycloak-js#107',
      'payloadcms/payload#670',
      'filebrowser/filebrowser#5470',
      'rynfar/meridian#515',
    ],
  },
  (signal) => {
    const clock = createWallClock();

    const createLongLived = (expiresInMs: number) => {
      const issuer = createIssuer({ expiresInMs });
      const grant: TokenGrant = { accessToken: 'T1', refreshToken: 'R1', expiresInMs };
      return { issuer, ...createVirtualClient({ signal, grant, refresh: issuer.refresh }) };
    };

    describe.each([
      ['30 days', 30 * DAY_MS],
      ['a year', 365 * DAY_MS],
      ['Infinity', Infinity],
    ])('tokens that live for %s', (_, lifeMs) => {
      it('are not refreshed on arrival', () => {
        const { issuer, session } = createLongLived(lifeMs);
        session.keepFresh$().subscribe();
        clock.advance(5 * SECOND_MS);
        expect(issuer.askedAtMs).toEqual([]);
        clock.advance(DAY_MS);
        expect(issuer.askedAtMs).toEqual([]);
        expect(clock.timers).toBe(lifeMs === Infinity ? 0 : 1);
      });

      it('are refreshed a minute before they expire, and again a lifetime later', () => {
        const { issuer, session } = createLongLived(lifeMs);
        const startMs = Date.now();
        session.keepFresh$().subscribe();
        clock.advance(3 * 365 * DAY_MS);
        const dueMs = lifeMs - 60 * SECOND_MS;
        const count = lifeMs === Infinity ? 0 : Math.floor((3 * 365 * DAY_MS) / dueMs);
        const asked = issuer.askedAtMs.map((atMs) => atMs - startMs);
        expect(asked).toEqual(Array.from({ length: count }, (_, index) => (index + 1) * dueMs));
      });

      it('are refreshed when the server rejects them', () => {
        const { issuer, session, api, sent } = createLongLived(lifeMs);
        session.keepFresh$().subscribe();
        expect(outcomeOf(api.get$('/a'))).toEqual({ values: [{ by: 'T2' }], isComplete: true });
        clock.advance(5 * SECOND_MS);
        expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
        expect(issuer.askedAtMs).toHaveLength(1);
      });
    });

    it('waits an hour if Retry-After asks for more than the longest timer', () => {
      const busy = createRecorder({ transport: () => of(response(503, null, { 'retry-after': '5000000' })) });
      const issuer = createIssuer({}, () => busy.api.post$('/renewal'));
      const { session } = createVirtualClient({
        signal,
        grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 60 * DAY_MS },
        refresh: issuer.refresh,
        refreshTimeoutMs: Infinity,
      });
      const { error } = outcomeOf(session.refresh$());
      expect(error).toMatchObject({ code: 'refresh', retryAfterMs: HOUR_MS });
      clock.advance(HOUR_MS - 1);
      expect(outcomeOf(session.refresh$()).error).toBe(error);
      clock.advance(1);
      expect(outcomeOf(session.refresh$()).error).not.toBe(error);
      expect(issuer.askedAtMs).toHaveLength(2);
    });

    it('treats a time limit beyond the longest timer as none', () => {
      const { session, api } = createVirtualClient({
        signal,
        isDead: (token) => token === 'T1',
        respond: ({ url }, answer) => (url.endsWith('/slow') ? NEVER : of(answer)),
        refresh: () => NEVER,
        refreshTimeoutMs: 2 ** 31,
      });
      const outcomes = [api.get$('/a'), api.get$('/slow', { timeoutMs: 2 ** 31 })].map(outcomeOf);
      clock.advance(DAY_MS);
      expect(outcomes).toEqual([{ values: [] }, { values: [] }]);
      expect(session.state.status).toBe('refreshing');
    });
  },
);
