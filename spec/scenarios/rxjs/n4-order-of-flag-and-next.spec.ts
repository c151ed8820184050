import type { SessionOptions, TokenGrant } from 'renewal';
import { map, of, Subject, throwError } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, type Outcome, outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { createVirtualClient, lineOf } from '../../support/virtual';

const MANY = 10_000;

/** The depth of the call stack. */
const depth = (): number => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = Infinity;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return stack.split('\n').length;
};

/** A refresh that ends in the tick of its start, and the outcome of a request. */
const AT_ONCE: readonly (readonly [string, Partial<SessionOptions>, object])[] = [
  ['succeeds', { refresh: () => of({ accessToken: 'T2' }) }, completedWith({ by: 'T2' })],
  ['fails', { refresh: () => throwError(() => new Error()) }, { error: { code: 'refresh' } }],
  [
    'throws',
    {
      refresh: () => {
        throw new Error();
      },
    },
    { error: { code: 'refresh' } },
  ],
  [
    'is refused',
    { refresh: () => throwError(() => new Error()), isRefused: () => true },
    { error: { code: 'session-expired' } },
  ],
];

failureMode(
  {
    id: 'N4',
    title: 'The order of flag and `next`: waiters run before the flag is reset',
    renewal:
      'The state is final before any waiter runs, and a loop releases the waiters: with synchronous responses nothing spins and the stack does not grow.',
  },
  (signal) => {
    it.each(AT_ONCE)(
      'settles in the same tick if the transport is synchronous and the refresh %s',
      (_, options, result) => {
        const { api, sent } = createVirtualClient({ signal, ...options });
        expect(outcomeOf(api.get$('/a'))).toMatchObject(result);
        expect(sent.length).toBeLessThanOrEqual(2);
      },
    );

    it('settles in the same tick if every response says expired, with two attempts each', () => {
      const issuer = createIssuer();
      const { api, sent } = createVirtualClient({ signal, isDead: () => true, refresh: issuer.refresh });
      const outcomes = ['/a', '/b', '/a', '/b'].map((path) => outcomeOf(api.get$(path)));
      for (const outcome of outcomes) expect(outcome).toMatchObject({ error: { code: 'token-rejected' } });
      expect(sent).toEqual([
        'GET /a T1',
        'GET /a T2',
        'GET /b T2',
        'GET /b T3',
        'GET /a T3',
        'GET /a T4',
        'GET /b T4',
        'GET /b T5',
      ]);
    });

    it.each([
      ['are released at once', Infinity, 0],
      ['queue behind one', 1, 1],
      ['queue behind seven', 7, 7],
    ])('does not grow the stack with the number of requests that %s', (_, releaseConcurrency, held) => {
      const grants = new Subject<TokenGrant>();
      const firstAnswers = new Subject<void>();
      const depths: number[] = [];
      const { api, sent } = createVirtualClient({
        signal,
        releaseConcurrency,
        refresh: () => grants,
        respond: (request, answer) => {
          if (lineOf(request).endsWith('T1')) return of(answer);
          // Only the first ones wait for their response: the queue forms behind them.
          if (sent.length <= held + 1) return firstAnswers.pipe(map(() => answer));
          if (sent.length === held + 2 || sent.length === MANY + 1) depths.push(depth());
          return of(answer);
        },
      });
      const outcomes: Outcome[] = [];
      for (let each = 0; each < MANY; each++) outcomes.push(outcomeOf(api.get$('/a')));
      grants.next({ accessToken: 'T2' });
      firstAnswers.next();
      expect(outcomes.filter(({ isComplete }) => isComplete)).toHaveLength(MANY);
      expect(sent).toHaveLength(MANY + 1);
      expect(depths).toHaveLength(2);
      expect(depths[1]).toBe(depths[0]);
    });

    it.each([
      ['a failure', {}, 'refresh'],
      ['a refusal', { isRefused: () => true }, 'session-expired'],
    ] as const)('does not grow the stack with the number of requests that end by %s', (_, options, code) => {
      const grants = new Subject<TokenGrant>();
      const { api } = createVirtualClient({ signal, ...options, refresh: () => grants });
      const depths: number[] = [];
      const codes = new Set<unknown>();
      for (let each = 0; each < MANY; each++) {
        api.get$('/a').subscribe({
          error: (error) => {
            codes.add(error.code);
            if (each === 0 || each === MANY - 1) depths.push(depth());
          },
        });
      }
      grants.error(new Error());
      expect(codes).toEqual(new Set([code]));
      expect(depths).toHaveLength(2);
      expect(depths[1]).toBe(depths[0]);
    });

    it('sends a request from the handler of a released one at once, before the next one', () => {
      const grants = new Subject<TokenGrant>();
      const { api, sent } = createVirtualClient({ signal, refresh: () => grants });
      api.get$('/a').subscribe(() => outcomeOf(api.get$('/inside')));
      const other = outcomeOf(api.get$('/b'));
      grants.next({ accessToken: 'T2' });
      expect(other).toEqual(completedWith({ by: 'T2' }));
      expect(sent).toEqual(['GET /a T1', 'GET /a T2', 'GET /inside T2', 'GET /b T2']);
    });

    it('starts no second refresh for a request from the handler of a failed one', () => {
      const issuer = createIssuer({}, () => throwError(() => new Error()));
      const { api, sent } = createVirtualClient({ signal, refresh: issuer.refresh });
      const inside: Outcome[] = [];
      api.get$('/a').subscribe({ error: () => inside.push(outcomeOf(api.get$('/inside'))) });
      expect(inside).toMatchObject([{ error: { code: 'refresh' } }]);
      expect(sent).toEqual(['GET /a T1']);
      expect(issuer.presented).toEqual(['R1']);
    });

    it('rejects every waiter even if one of them signs in from its error handler', () => {
      const grants = new Subject<TokenGrant>();
      const { api, session, sent } = createVirtualClient({
        signal,
        isRefused: () => true,
        refresh: () => grants,
        isDead: (token) => token === 'T1',
      });
      const inside: Outcome[] = [];
      api.get$('/a').subscribe({
        error: () => {
          session.signIn({ accessToken: 'B1' });
          inside.push(outcomeOf(api.get$('/inside')));
        },
      });
      const other = outcomeOf(api.get$('/b'));
      grants.error(new Error());
      expect(other).toMatchObject({ error: { code: 'session-expired' } });
      expect(inside).toEqual([completedWith({ by: 'B1' })]);
      expect(sent).toEqual(['GET /a T1', 'GET /inside B1']);
    });
  },
);
