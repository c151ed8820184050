import { memoryStore, type SessionOptions, type TokenGrant } from 'renewal';
import { concat, delay, ignoreElements, interval, type Observable, of, take, takeUntil, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { createRecorder, outcomeOf } from '../../support/http-client';
import { createIssuer, type Issuer } from '../../support/issuer';
import { createVirtualClient, response, type VirtualClient, virtually } from '../../support/virtual';

const SECOND_MS = 1_000;

const inSeconds = (atMs: readonly number[]): number[] => atMs.map((each) => each / SECOND_MS);

/** All multiples up to `to`. */
const every = (step: number, to: number): number[] =>
  Array.from({ length: Math.floor(to / step) }, (_, index) => (index + 1) * step);

failureMode(
  {
    id: 'H3',
    title: 'A token that lives no longer than the leeway is refreshed over and over',
    renewal:
      'A token is refreshed at half of its life at the earliest, whatever `refreshAheadMs` is; after a failure the next try waits a second or more.',
    threads: [
      'camunda/camunda#33137',
      'fenichelar/ember-simple-auth-token#333',
      'damienbod/angular-auth-oidc-client#1411',
    ],
  },
  (signal) => {
    const createShortLived = (issuer: Issuer, lifeS: number, options: Partial<SessionOptions> = {}): VirtualClient =>
      createVirtualClient({
        signal,
        grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: lifeS * SECOND_MS },
        isDead: () => false,
        refresh: issuer.refresh,
        ...options,
      });

    /** The times, in seconds, at which a session that is kept fresh for that long refreshes. */
    const askedBy = (issuer: Issuer, { session }: VirtualClient, forS: number, flush: () => void): number[] => {
      session
        .keepFresh$()
        .pipe(takeUntil(timer(forS * SECOND_MS + 1)))
        .subscribe();
      flush();
      return inSeconds(issuer.askedAtMs);
    };

    it.each([
      [1, 'of a minute', 60, 0.5],
      [30, 'of a minute', 60, 15],
      [60, 'of a minute', 60, 30],
      [120, 'of a minute', 60, 60],
      [180, 'of a minute', 60, 120],
      [30, 'of an hour', 3600, 15],
      [30, 'without end', Infinity, 15],
      [30, 'of nothing', 0, 30],
    ])('refreshes a token that lives for %d s, with a leeway %s, at the right time', (lifeS, _, aheadS, everyS) => {
      virtually(({ flush }) => {
        const issuer = createIssuer({ expiresInMs: lifeS * SECOND_MS });
        const client = createShortLived(issuer, lifeS, { refreshAheadMs: aheadS * SECOND_MS });
        expect(askedBy(issuer, client, 600, flush)).toEqual(every(everyS, 600));
      });
    });

    it.each([1, 10, 100])('refreshes tokens that live for %d ms only a few times a second', (lifeMs) => {
      virtually(({ flush }) => {
        const issuer = createIssuer({ expiresInMs: lifeMs });
        expect(askedBy(issuer, createShortLived(issuer, lifeMs / SECOND_MS), 10, flush).length).toBeLessThan(50);
      });
    });

    it('counts the life of a token from its receipt, not from the request', () => {
      virtually(({ flush }) => {
        const issuer = createIssuer({ expiresInMs: 30 * SECOND_MS }, (grant) => of(grant).pipe(delay(10 * SECOND_MS)));
        const client = createShortLived(issuer, 30);
        expect(askedBy(issuer, client, 100, flush)).toEqual([15, 40, 65, 90]);
      });
    });

    it('refreshes at the right time for requests too, and none of them waits', () => {
      virtually(({ flush }) => {
        const issuer = createIssuer({ expiresInMs: 30 * SECOND_MS });
        const { api, sent } = createShortLived(issuer, 30);
        const values: unknown[] = [];
        interval(SECOND_MS)
          .pipe(take(100))
          .subscribe(() => values.push(...outcomeOf(api.get$('/a')).values));
        flush();
        expect(inSeconds(issuer.askedAtMs)).toEqual(every(15, 100));
        expect(values).toHaveLength(100);
        expect(sent).toHaveLength(100);
      });
    });

    it('settles a request although each new token dies before the request leaves', () => {
      virtually(({ flush }) => {
        // A store that releases the refresh only when half of the new token's life is over, and the token dead.
        const exclusive = <T>(work: Observable<T>): Observable<T> => concat(work, timer(20).pipe(ignoreElements()));
        const issuer = createIssuer({ expiresInMs: 10 });
        const store = { ...memoryStore({ accessToken: 'T1', refreshToken: 'R1' }), exclusive };
        const { api } = createVirtualClient({ signal, store, refresh: issuer.refresh });
        const outcome = outcomeOf(api.get$('/a'));
        flush();
        expect(outcome.isComplete || outcome.error).toBeTruthy();
        expect(issuer.askedAtMs.length).toBeLessThanOrEqual(2);
      });
    });

    /** The times of failed refreshes. */
    const askedInVain = (headers: Record<string, string>, flush: () => void): number[] => {
      const { api } = createRecorder({ transport: () => of(response(503, null, headers)) });
      const issuer = createIssuer({}, () => api.post$<TokenGrant>('/renewal'));
      return askedBy(issuer, createShortLived(issuer, 30), 90, flush);
    };

    it('waits longer after each failure, also once the token has expired', () => {
      virtually(({ flush }) => {
        expect(askedInVain({}, flush)).toEqual([15, 16, 18, 22, 30, 46, 76]);
      });
    });

    it('waits for the time in Retry-After', () => {
      virtually(({ flush }) => {
        expect(askedInVain({ 'retry-after': '5' }, flush)).toEqual(every(5, 90).slice(2));
      });
    });

    it.each(['0', new Date(15 * SECOND_MS).toUTCString()])('waits a second also after Retry-After: %s', (header) => {
      virtually(({ flush }) => {
        const askedS = askedInVain({ 'retry-after': header }, flush);
        const tooSoon = askedS.filter((atS, index) => atS - (askedS[index - 1] ?? 0) < 1);
        expect(tooSoon).toEqual([]);
        expect(askedS.length).toBeGreaterThan(3);
      });
    });
  },
);
