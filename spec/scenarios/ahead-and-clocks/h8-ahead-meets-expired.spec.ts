import type { TokenGrant } from 'renewal';
import { delay, merge, type Observable, of, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { createVirtualClient, lineOf, virtually } from '../../support/virtual';

const HOUR_MS = 3_600_000;
/** A minute before the end of the hour. */
const DUE_MS = HOUR_MS - 60_000;
const T2: TokenGrant = { accessToken: 'T2', refreshToken: 'R2', expiresInMs: HOUR_MS };

failureMode(
  {
    id: 'H8',
    title: 'An early refresh and one for an expired response use up each other’s token',
    renewal:
      'One refresh runs, whatever starts it: a timer, a request, a wake signal and a caller of `refresh$()` share it.',
    threads: ['authts/oidc-client-ts#710', 'authts/oidc-client-ts#1618', 'saleor/saleor-dashboard#6795'],
  },
  (signal) => {
    /** A session whose token is rejected by responses that take `answerMs`; with new tokens responses are immediate. */
    const createRefused = (refresh: Observable<TokenGrant>, answerMs: number) =>
      createVirtualClient({
        signal,
        grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: HOUR_MS },
        refresh: () => refresh,
        respond: (request, answer) => of(answer).pipe(delay(lineOf(request).endsWith('T1') ? answerMs : 0)),
      });

    describe.each([
      ['the timer fires first', true],
      ['the response comes first', false],
    ])('in one tick, in which %s,', (_, isTimerFirst) => {
      it('both are one refresh, and the request is replayed once', () => {
        virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
          const refresh = cold<TokenGrant>('---(a|)', { a: T2 });
          const { api, session, sent } = createRefused(refresh, DUE_MS);
          const fresh$ = session.keepFresh$();
          const answer$ = api.get$('/a');
          // Among events due in one tick, the one subscribed first fires first.
          const [first$, second$] = isTimerFirst ? [fresh$, answer$] : [answer$, fresh$];
          expectObservable(merge<unknown[]>(first$, second$), `^ ${HOUR_MS}ms !`).toBe(`${DUE_MS + 3}ms (tb)`, {
            t: expect.objectContaining({ accessToken: 'T2' }),
            b: { by: 'T2' },
          });
          expectSubscriptions(refresh.subscriptions).toBe(`${DUE_MS}ms ^--!`);
          flush();
          expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
        });
      });

      it('both are one refresh that responds in that very tick', () => {
        virtually(({ flush }) => {
          let refreshes = 0;
          const { api, session, sent } = createVirtualClient({
            signal,
            grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: HOUR_MS },
            refresh: () => {
              refreshes++;
              return of(T2);
            },
            respond: (request, answer) => of(answer).pipe(delay(lineOf(request).endsWith('T1') ? DUE_MS : 0)),
          });
          const values: unknown[] = [];
          const [first$, second$] = isTimerFirst
            ? [session.keepFresh$(), api.get$('/a')]
            : [api.get$('/a'), session.keepFresh$()];
          const both = merge<unknown[]>(first$, second$).subscribe((value) => values.push(value));
          of(0)
            .pipe(delay(DUE_MS + 1))
            .subscribe(() => both.unsubscribe());
          flush();
          expect(values).toEqual([expect.objectContaining({ accessToken: 'T2' }), { by: 'T2' }]);
          expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
          expect(refreshes).toBe(1);
        });
      });
    });

    it('expired responses wait for a running early refresh; the old token is not used', () => {
      virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const refresh = cold<TokenGrant>('------(a|)', { a: T2 });
        const { api, session, sent } = createRefused(refresh, 2);
        session.keepFresh$().pipe(take(1)).subscribe();
        const at = (afterMs: number) => `${DUE_MS + afterMs}ms ^`;
        const answered = `${DUE_MS + 6}ms (b|)`;
        expectObservable(api.get$('/a'), at(1)).toBe(answered, { b: { by: 'T2' } });
        expectObservable(api.get$('/b'), at(2)).toBe(answered, { b: { by: 'T2' } });
        expectObservable(api.get$('/c'), at(5)).toBe(answered, { b: { by: 'T2' } });
        expectSubscriptions(refresh.subscriptions).toBe([`${DUE_MS}ms ^-----!`]);
        flush();
        expect(sent).toEqual(['GET /a T1', 'GET /b T1', 'GET /a T2', 'GET /b T2', 'GET /c T2']);
      });
    });

    it('all requests for a token in one tick share one refresh', () => {
      virtually(({ cold, expectObservable, expectSubscriptions }) => {
        const refresh = cold<TokenGrant>('---(a|)', { a: T2 });
        const { api, session } = createRefused(refresh, 0);
        const renewed = expect.objectContaining({ accessToken: 'T2' });
        const now = `${DUE_MS}ms ^`;
        const inThree = `${DUE_MS + 3}ms`;
        for (let tab = 0; tab < 2; tab++) {
          expectObservable(session.keepFresh$(), `^ ${HOUR_MS}ms !`).toBe(`${inThree} t`, { t: renewed });
          expectObservable(session.refresh$(), now).toBe(`${inThree} (t|)`, { t: renewed });
          expectObservable(session.accessToken$(), now).toBe(`${DUE_MS}ms (t|)`, { t: 'T1' });
          expectObservable(api.get$('/a'), now).toBe(`${inThree} (t|)`, { t: { by: 'T2' } });
        }
        expectSubscriptions(refresh.subscriptions).toBe([`${DUE_MS}ms ^--!`]);
      });
    });
  },
);
