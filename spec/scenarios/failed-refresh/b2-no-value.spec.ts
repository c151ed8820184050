import type { RefreshFailure, SessionOptions, TokenGrant } from 'renewal';
import { BehaviorSubject, EMPTY, first, map, NEVER, Observable, of, throwError } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { eventsOf } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { paths } from '../../support/server-client';
import { createVirtualClient } from '../../support/virtual';

type Broken = readonly [how: string, kind: RefreshFailure, refresh: SessionOptions['refresh']];

const raise = (error?: unknown): never => {
  throw error;
};

/** A `refresh` without tokens, and the cause of its failure. Plain JavaScript may return some of these. */
const BROKEN: readonly Broken[] = [
  ['completes empty', 'unknown', () => EMPTY],
  ['emits undefined', 'malformed', () => of(undefined as unknown as TokenGrant)],
  ['emits null', 'malformed', () => of(null as unknown as TokenGrant)],
  ['emits an empty string', 'malformed', () => of('' as unknown as TokenGrant)],
  ['never emits', 'timeout', () => NEVER],
  ['throws', 'unknown', () => raise(new Error('thrown'))],
  ['throws undefined', 'unknown', () => raise()],
  ['throws on subscription', 'unknown', () => new Observable(() => raise(new Error('thrown')))],
  ['errors without an error', 'unknown', () => throwError(() => undefined)],
  ['rejects a promise', 'unknown', () => Promise.reject(new Error('rejected'))],
  ['rejects a promise without an error', 'unknown', () => Promise.reject()],
  ['resolves a promise to undefined', 'malformed', () => Promise.resolve(undefined as unknown as TokenGrant)],
  ['returns a promise that never settles', 'timeout', () => new Promise(() => {})],
  ['returns undefined', 'unknown', () => undefined as unknown as Promise<TokenGrant>],
  ['returns a number', 'unknown', () => 42 as unknown as Promise<TokenGrant>],
  ['returns the grant itself', 'unknown', () => ({ accessToken: 'T2' }) as unknown as Promise<TokenGrant>],
  ['returns an empty array', 'unknown', () => []],
];

failureMode(
  {
    id: 'B2',
    title: 'A refresh without a value leaves the requests hanging and the busy flag set',
    renewal:
      'Whatever `refresh` returns, throws or omits, waiting requests get a `RefreshError`, and the next request may refresh again.',
    threads: ['Flyrell/axios-auth-refresh#118'],
  },
  (signal) => {
    it.each(BROKEN)(
      'fails the waiting requests and refreshes for the next when `refresh` %s',
      async (_, kind, broken) => {
        stopClock();
        let refresh = broken;
        const hasArrived$ = new BehaviorSubject(false);
        const { api, session, sent } = createVirtualClient({
          signal,
          refresh: (tokens) => refresh(tokens),
          respond: (_request, answer) =>
            hasArrived$.pipe(
              first(Boolean),
              map(() => answer),
            ),
        });
        const events = eventsOf(api);
        const outcomes = paths(3).map((path) => outcomeOf(api.get$(path)));
        hasArrived$.next(true);
        outcomes.push(outcomeOf(api.get$('/held')));
        await vi.advanceTimersByTimeAsync(30_000);

        expect(outcomes).toMatchObject(Array(4).fill({ values: [], error: { code: 'refresh' } }));
        expect(events.filter(({ type }) => type === 'refresh')).toMatchObject([
          { phase: 'started' },
          { phase: 'failed', kind, final: false },
        ]);
        expect(sent).toEqual(paths(3).map((path) => `GET ${path} T1`));
        expect(session.state).toMatchObject({ status: 'expired', tokens: { accessToken: 'T1', refreshToken: 'R1' } });

        refresh = () => of({ accessToken: 'T2' });
        await vi.advanceTimersByTimeAsync(1_000);
        expect(outcomeOf(api.get$('/next'))).toEqual(completedWith({ by: 'T2' }));
        expect(sent.slice(3)).toEqual(['GET /next T2']);
      },
    );
  },
);
