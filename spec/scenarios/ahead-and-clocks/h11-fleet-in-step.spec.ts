import type { TokenGrant } from 'renewal';
import { asyncScheduler, map, takeUntil, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { createVirtualClient, virtually } from '../../support/virtual';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
const COUNT = 100;
/** A hundred parts of a jitter of 100 s, like random numbers but the same in each run. */
const SHARES_MS = Array.from({ length: COUNT }, (_, index) => ((index * 37) % COUNT) * SECOND_MS);

const distinct = (values: readonly number[]): number => new Set(values).size;
const spreadOf = (atMs: readonly number[]): number => Math.max(...atMs) - Math.min(...atMs);

failureMode(
  {
    id: 'H11',
    title: 'All clients of a fleet refresh at the same moment',
    renewal:
      'Each client counts from the receipt of its own token. If all receive tokens at once, give each its own `refreshAheadMs`, such as `60_000 * (1 + Math.random())`: that is the jitter, and no request waits for it.',
    threads: ['AzureAD/microsoft-authentication-library-for-dotnet#2796', 'supabase/auth-js#274'],
  },
  (signal) => {
    const grant: TokenGrant = { accessToken: 'T1', refreshToken: 'R1', expiresInMs: HOUR_MS };
    const createMember = (refreshAheadMs: number, initial: TokenGrant = grant) => {
      const issuer = createIssuer({ expiresInMs: HOUR_MS });
      const { refresh } = issuer;
      return {
        issuer,
        ...createVirtualClient({ signal, grant: initial, refresh, refreshAheadMs, isDead: () => false }),
      };
    };

    it('clients with the same tokens and different refreshAheadMs refresh that far apart', () => {
      virtually(({ flush }) => {
        const fleet = SHARES_MS.map((shareMs) => createMember(60 * SECOND_MS + shareMs));
        for (const { session } of fleet)
          session
            .keepFresh$()
            .pipe(takeUntil(timer(HOUR_MS)))
            .subscribe();
        flush();
        const askedAtMs = fleet.flatMap(({ issuer }) => issuer.askedAtMs);
        expect(askedAtMs).toEqual(SHARES_MS.map((shareMs) => HOUR_MS - 60 * SECOND_MS - shareMs));
        expect(spreadOf(askedAtMs)).toBe(99 * SECOND_MS);
        expect(distinct(askedAtMs)).toBe(COUNT);
      });
    });

    it('clients with different sign-in times refresh at different times, hour after hour', () => {
      virtually(({ flush }) => {
        const fleet = SHARES_MS.map(() => createMember(60 * SECOND_MS));
        fleet.forEach(({ session }, index) => {
          timer(SHARES_MS[index] ?? 0).subscribe(() => {
            session.signIn(grant);
            session
              .keepFresh$()
              .pipe(takeUntil(timer(3 * HOUR_MS)))
              .subscribe();
          });
        });
        flush();
        for (const nth of [0, 1, 2]) {
          expect(distinct(fleet.map(({ issuer }) => issuer.askedAtMs[nth] ?? 0))).toBe(COUNT);
        }
      });
    });

    it('requests leave at once although the early refresh has a random delay', () => {
      virtually(({ flush }) => {
        const askedAtMs: number[] = [];
        const values: unknown[] = [];
        for (const shareMs of SHARES_MS) {
          const { api } = createVirtualClient({
            signal,
            grant,
            isDead: () => false,
            refreshAheadMs: 5 * 60 * SECOND_MS,
            refresh: () =>
              timer(shareMs).pipe(
                map(() => {
                  askedAtMs.push(asyncScheduler.now());
                  return { accessToken: 'T2' };
                }),
              ),
            refreshTimeoutMs: 200 * SECOND_MS,
          });
          timer(HOUR_MS - 5 * 60 * SECOND_MS).subscribe(() => values.push(outcomeOf(api.get$('/a'))));
        }
        flush();
        expect(values).toEqual(Array(COUNT).fill(completedWith({ by: 'T1' })));
        expect(spreadOf(askedAtMs)).toBe(99 * SECOND_MS);
      });
    });
  },
);
