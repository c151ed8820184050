import type { HttpRequest, HttpResponse, Session, SessionOptions, TokenGrant } from 'renewal';
import { delay, NEVER, type Observable, of, Subject, tap, throwError, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import type { Signal } from '../../support/server';
import { paths } from '../../support/server-client';
import { createVirtualClient, expiredBy, lineOf, response, virtually } from '../../support/virtual';

/**
 * A client whose requests wait for a refresh of 10 ms; requests with the new token get a response as `answer` says,
 * after 5 ms by default.
 */
const createCrowd = (
  signal: Signal,
  {
    answer = (_path, answer) => of(answer).pipe(delay(5)),
    ...options
  }: Partial<SessionOptions> & {
    readonly answer?: (path: string, answer: HttpResponse) => Observable<HttpResponse>;
    readonly isDead?: (token: string) => boolean;
  } = {},
) => {
  const wire = new Set<HttpRequest>();
  let most = 0;
  const count = (request: HttpRequest, answered: HttpResponse): Observable<HttpResponse> => {
    const [, path = '', token] = lineOf(request).split(' ');
    if (token === 'T1') return of(answered).pipe(delay(1));
    wire.add(request);
    most = Math.max(most, wire.size);
    const leave = () => wire.delete(request);
    return answer(path, answered).pipe(tap({ next: leave, error: leave, unsubscribe: leave }));
  };
  let refreshes = 1;
  const client = createVirtualClient({
    signal,
    refresh: () => of<TokenGrant>({ accessToken: `T${++refreshes}` }).pipe(delay(10)),
    respond: count,
    ...options,
  });
  /** The paths that were sent with this token, in order. */
  const leftWith = (token: string): string[] =>
    client.sent.map((line) => line.split(' ')).flatMap(([, path = '', carried]) => (carried === token ? [path] : []));
  /** The highest number of requests with a new token that were in flight at once. */
  const mostAtOnce = (): number => most;
  return { ...client, mostAtOnce, leftWith };
};

failureMode(
  {
    id: 'A10',
    title: 'Release stampede: all waiting requests leave in one tick',
    renewal:
      'Waiting requests are released in arrival order; `releaseConcurrency` limits how many of them are in flight at once.',
  },
  (signal) => {
    it.each<[many: string, options: Partial<SessionOptions>, atOnce: number]>([
      ['one', { releaseConcurrency: 1 }, 1],
      ['seven', { releaseConcurrency: 7 }, 7],
      ['a thousand', { releaseConcurrency: 1_000 }, 1_000],
      ['Infinity', { releaseConcurrency: Number.POSITIVE_INFINITY }, 1_000],
      ['by default all', {}, 1_000],
    ])('releases 1 000 waiting requests in arrival order, %s at once', (_, options, atOnce) => {
      virtually(({ flush }) => {
        const { api, mostAtOnce, leftWith } = createCrowd(signal, options);
        const expired = paths(500).map((path) => outcomeOf(api.get$(path)));
        const held: unknown[] = [];
        timer(5).subscribe(() => held.push(...paths(500, 'held').map((path) => outcomeOf(api.get$(path)))));
        // The refresh is done at 11 ms.
        timer(12).subscribe(() => expect(leftWith('T2')).toHaveLength(atOnce));
        flush();

        expect([...expired, ...held]).toEqual(Array(1_000).fill(completedWith({ by: 'T2' })));
        expect(leftWith('T2')).toEqual([...paths(500), ...paths(500, 'held')]);
        expect(mostAtOnce()).toBe(atOnce);
      });
    });

    it('does not grow the stack with responses that arrive in the same tick', () => {
      virtually(({ flush }) => {
        const { api, mostAtOnce } = createCrowd(signal, {
          releaseConcurrency: 1,
          answer: (_path, answer) => of(answer),
        });
        outcomeOf(api.get$('/starts'));
        const held: unknown[] = [];
        timer(2).subscribe(() => held.push(...paths(10_000).map((path) => outcomeOf(api.get$(path)))));
        flush();
        expect(held).toEqual(Array(10_000).fill(completedWith({ by: 'T2' })));
        expect(mostAtOnce()).toBe(1);
      });
    });

    it.each<[by: string, answer: (answer: HttpResponse) => Observable<HttpResponse>, body?: ReadableStream]>([
      ['a response', (answer) => of(answer).pipe(delay(5))],
      ['an error status', () => of(response(500)).pipe(delay(5))],
      ['a second expired response', () => of(expiredBy(signal))],
      ['a failed connection', () => throwError(() => new Error('reset'))],
      ['its timeoutMs', () => NEVER],
      ['a body that cannot be replayed', (answer) => of(answer), new ReadableStream()],
    ])('releases the next request after %s', (_, answer, body) => {
      virtually(({ flush }) => {
        const { api, leftWith } = createCrowd(signal, {
          releaseConcurrency: 1,
          answer: (path, answered) => (path === '/first' ? answer(answered) : of(answered)),
        });
        outcomeOf(api.post$('/first', body, { timeoutMs: 100 }));
        const next = outcomeOf(api.get$('/next'));
        flush();
        expect(next).toEqual(completedWith({ by: 'T2' }));
        expect(leftWith('T2')).toEqual(body ? ['/next'] : ['/first', '/next']);
      });
    });

    it('releases the next request when the caller of a request in flight unsubscribes', () => {
      virtually(({ flush }) => {
        const { api, leftWith } = createCrowd(signal, { releaseConcurrency: 1, answer: () => NEVER });
        const [first] = paths(3).map((path) => api.get$(path).subscribe());
        timer(20).subscribe(() => {
          expect(leftWith('T2')).toEqual(['/orders/0']);
          first?.unsubscribe();
          expect(leftWith('T2')).toEqual(['/orders/0', '/orders/1']);
        });
        flush();
      });
    });

    it('sends new requests ahead of queued ones, since they did not wait', () => {
      virtually(({ expectObservable, flush }) => {
        const { api, leftWith } = createCrowd(signal, { releaseConcurrency: 1 });
        for (const path of paths(4)) outcomeOf(api.get$(path));
        expectObservable(api.get$('/new'), '12ms ^').toBe('17ms (v|)', { v: { by: 'T2' } });
        flush();
        expect(leftWith('T2')).toEqual(['/orders/0', '/new', ...paths(4).slice(1)]);
      });
    });

    it('emits accessToken$ at once: a token request takes no slot of the limiter', () => {
      virtually(({ expectObservable, flush }) => {
        const { api, session } = createCrowd(signal, { releaseConcurrency: 1 });
        outcomeOf(api.get$('/starts'));
        for (const _ of paths(3)) expectObservable(session.accessToken$(), '2ms ^').toBe('11ms (v|)', { v: 'T2' });
        expectObservable(api.get$('/after'), '3ms ^').toBe('21ms (v|)', { v: { by: 'T2' } });
        flush();
      });
    });

    it('chooses the token of a queued request when it leaves, not before', () => {
      virtually(({ flush }) => {
        const { api, leftWith } = createCrowd(signal, { releaseConcurrency: 2, isDead: (token) => token !== 'T3' });
        outcomeOf(api.get$('/starts'));
        const held: unknown[] = [];
        timer(2).subscribe(() => held.push(...paths(4).map((path) => outcomeOf(api.get$(path)))));
        flush();

        expect(held).toEqual(Array(4).fill(completedWith({ by: 'T3' })));
        // The second slot was free before the response that reported the expiry.
        expect(leftWith('T2')).toEqual(['/starts', '/orders/0', '/orders/1']);
        expect(leftWith('T3')).toEqual(['/orders/0', '/orders/2', '/orders/3', '/orders/1']);
      });
    });

    const ENDS: readonly (readonly [end: string, act: (session: Session) => unknown])[] = [
      ['sign-out', (session) => session.signOut()],
      ['sign-in of B', (session) => session.signIn({ accessToken: 'B1' })],
      ['destroy', (session) => session.destroy()],
    ];

    it.each(ENDS)('ends all queued requests at once with a %s, and sends none of them', (_, end) => {
      virtually(({ flush }) => {
        const wire = new Subject<HttpResponse>();
        const { api, session, sent, leftWith } = createCrowd(signal, { releaseConcurrency: 2, answer: () => wire });
        const outcomes = paths(5).map((path) => outcomeOf(api.get$(path)));
        timer(20).subscribe(() => {
          end(session);
          const signedOut = { values: [], error: expect.objectContaining({ code: 'signed-out' }) };
          expect(outcomes).toEqual([{ values: [] }, { values: [] }, signedOut, signedOut, signedOut]);
          // The response of the request in flight is delivered.
          wire.next(response(200, 'late'));
        });
        flush();
        expect(outcomes.slice(0, 2)).toEqual([completedWith('late'), completedWith('late')]);
        expect(leftWith('T2')).toEqual(paths(2));
        expect(sent).toHaveLength(5 + 2);
      });
    });
  },
);
