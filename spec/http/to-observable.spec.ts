import {
  createApi,
  createSession,
  type HttpEvent,
  type Interceptor,
  type SessionOptions,
  type TokenGrant,
} from 'renewal';
import { NEVER, type Observable, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { completedWith, createRecorder, outcomeOf } from '../support/http-client';
import { createVirtualClient, ORIGIN, response } from '../support/virtual';

interface NativeObserver {
  next?(value: unknown): void;
  error?(error: unknown): void;
  complete?(): void;
}

/**
 * As https://wicg.github.io/observable has it: no `pipe`, no `Symbol.observable`, and only a signal unsubscribes it.
 */
class NativeObservable {
  constructor(readonly work: (observer: NativeObserver, signal: AbortSignal) => void) {}

  subscribe(observer: NativeObserver, { signal }: { signal: AbortSignal }): undefined {
    this.work(observer, signal);
  }
}

/** RxJS does not type what it does not know. */
const native = <T>(work: (observer: NativeObserver, signal: AbortSignal) => void): Observable<T> =>
  new NativeObservable(work) as unknown as Observable<T>;

const emitting = <T>(value: unknown): Observable<T> =>
  native((observer) => {
    observer.next?.(value);
    observer.complete?.();
  });

describe('a native Observable', () => {
  it('may be what refresh returns', () => {
    const { api, sent } = createVirtualClient({ refresh: () => emitting<TokenGrant>({ accessToken: 'T2' }) });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
    expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
  });

  it('may be what restore returns', () => {
    const session = createSession({ refresh: () => NEVER, restore: () => emitting({ accessToken: 'T1' }) });
    expect(outcomeOf(session.accessToken$())).toEqual(completedWith('T1'));
  });

  it('may be what an interceptor returns', () => {
    const cached: Interceptor = () => emitting<HttpEvent>(response(200, 'cached'));
    const { api } = createRecorder({ interceptors: [cached] });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith('cached'));
  });

  it.each([0, 1_000])('may be what a transport returns, with a timeoutMs of %d', (timeoutMs) => {
    const api = createApi({ baseUrl: ORIGIN, timeoutMs, transport: () => emitting<HttpEvent>(response(200, 'sent')) });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith('sent'));
  });

  it('hands on its error', () => {
    const failing: Interceptor = () => native((observer) => observer.error?.('why'));
    const { api } = createRecorder({ interceptors: [failing] });
    expect(outcomeOf(api.get$('/a'))).toEqual({ values: [], error: 'why' });
  });

  it('is aborted when it is unsubscribed, and when it has answered', () => {
    const signals: AbortSignal[] = [];
    const waiting: Interceptor = ({ url }) =>
      native((observer, signal) => {
        signals.push(signal);
        if (url.endsWith('/now')) observer.next?.(response(200));
      });
    const { api } = createRecorder({ interceptors: [waiting] });
    const subscription = api.get$('/later').subscribe();
    expect(signals[0]?.aborted).toBe(false);
    subscription.unsubscribe();
    outcomeOf(api.get$('/now'));
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  it('of a refresh is aborted by a sign-out', async () => {
    const signals: AbortSignal[] = [];
    const { api, session } = createVirtualClient({ refresh: () => native((_, signal) => signals.push(signal)) });
    const outcome = outcomeOf(api.get$('/a'));
    await session.signOut();
    expect(outcome.error).toMatchObject({ code: 'signed-out' });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});

describe('an Observable of another copy of RxJS', () => {
  it('may be what an interceptor returns, and is unsubscribed', () => {
    let isOpen = false;
    const foreign = {
      [Symbol.observable ?? '@@observable']: () => foreign,
      subscribe: (observer: NativeObserver) => {
        isOpen = true;
        observer.next?.(response(200, 'other'));
        return {
          unsubscribe: () => {
            isOpen = false;
          },
        };
      },
    };
    // By its protocol.
    const { api } = createRecorder({ interceptors: [() => foreign as unknown as Observable<HttpEvent>] });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith('other'));
    expect(isOpen).toBe(false);
  });
});

const wrong: [string, unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['a text', 'T2'],
  ['a number', 7],
  ['a grant itself', { accessToken: 'T2' }],
  ['a function', () => of(1)],
];

describe.each(wrong)('%s', (_, value) => {
  const returns = () => value as never; // what JavaScript may return

  it('is no refresh, and the error says so', () => {
    const { api } = createVirtualClient({ refresh: returns });
    const cause = {
      name: 'TypeError',
      message: 'refresh: expected it to return an Observable, a Promise or an iterable',
    };
    expect(outcomeOf(api.get$('/a')).error).toMatchObject({ code: 'refresh', cause });
  });

  it('is no restore, and the error says so', () => {
    const options: SessionOptions = { refresh: () => NEVER, restore: returns };
    const { error } = outcomeOf(createSession(options).accessToken$());
    expect(error).toMatchObject({ code: 'refresh', cause: { message: expect.stringMatching(/^restore: expected/) } });
  });

  it('is no response of an interceptor or a transport', () => {
    const { api } = createRecorder({ interceptors: [returns] });
    expect(outcomeOf(api.get$('/a')).error).toMatchObject({
      message: expect.stringMatching(/^interceptors: expected/),
    });
    const other = createApi({ baseUrl: ORIGIN, transport: returns });
    expect(outcomeOf(other.get$('/a')).error).toMatchObject({ message: expect.stringMatching(/^transport: expected/) });
  });
});
