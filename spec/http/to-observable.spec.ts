import {
  createApi,
  createSession,
  type HttpEvent,
  type Interceptor,
  memoryStore,
  type SessionOptions,
  type TokenGrant,
  type TokenStore,
  type Tokens,
} from 'renewal';
import { NEVER, type Observable, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { eventsOf, warningsIn } from '../support/events';
import { completedWith, createRecorder, outcomeOf } from '../support/http-client';
import { native, nativeOf } from '../support/native-observable';
import { createVirtualClient, ORIGIN, response } from '../support/virtual';

describe('a native Observable', () => {
  it('may be what refresh returns', () => {
    const { api, sent } = createVirtualClient({ refresh: () => nativeOf<TokenGrant>({ accessToken: 'T2' }) });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
    expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
  });

  it('may be what restore returns', () => {
    const session = createSession({ refresh: () => NEVER, restore: () => nativeOf({ accessToken: 'T1' }) });
    expect(outcomeOf(session.accessToken$())).toEqual(completedWith('T1'));
  });

  it('may be what onSignOut returns', async () => {
    const revoked: unknown[] = [];
    const { session } = createVirtualClient({
      onSignOut: ({ accessToken }) => native((subscriber) => subscriber.next(revoked.push(accessToken))),
    });
    await session.signOut();
    expect(revoked).toEqual(['T1']);
  });

  it('of onSignOut that errors is a warning', async () => {
    const { api, session } = createVirtualClient({
      onSignOut: () => native((subscriber) => subscriber.error(new RangeError('why'))),
    });
    const events = eventsOf(api);
    await session.signOut();
    expect(warningsIn(events)).toEqual(['onSignOut: RangeError']);
  });

  it('may be changes$ of a store, and is aborted by destroy', () => {
    const emits: ((change: null) => void)[] = [];
    const signals: AbortSignal[] = [];
    let stored: Tokens | null = { accessToken: 'T1', sessionId: 's1' };
    const store: TokenStore = {
      load: () => stored,
      save: () => {},
      clear: () => {},
      changes$: native((subscriber) => {
        signals.push(subscriber.signal);
        emits.push((change) => subscriber.next(change));
      }),
    };
    const session = createSession({ store, refresh: () => NEVER });
    session.state$.subscribe();
    stored = null;
    emits[0]?.(null);
    expect(session.state.status).toBe('signed-out');
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    session.destroy();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it('may be what exclusive of a store returns', () => {
    const order: string[] = [];
    const store: TokenStore = {
      ...memoryStore({ accessToken: 'T1' }),
      exclusive: <T>(work: Observable<T>) =>
        native<T>((subscriber) => {
          order.push('locked');
          subscriber.addTeardown(() => order.push('released'));
          work.subscribe(subscriber);
        }),
    };
    const refresh = () => of({ accessToken: `T${order.push('refresh')}` });
    const { api } = createVirtualClient({ store, refresh });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
    expect(order).toEqual(['locked', 'refresh', 'released']);
  });

  it('may be what an interceptor returns', () => {
    const cached: Interceptor = () => nativeOf<HttpEvent>(response(200, 'cached'));
    const { api } = createRecorder({ interceptors: [cached] });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith('cached'));
  });

  it.each([0, 1_000])('may be what a transport returns, with a timeoutMs of %d', (timeoutMs) => {
    const api = createApi({ baseUrl: ORIGIN, timeoutMs, transport: () => nativeOf<HttpEvent>(response(200, 'sent')) });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith('sent'));
  });

  it('hands on its error', () => {
    const failing: Interceptor = () => native((subscriber) => subscriber.error('why'));
    const { api } = createRecorder({ interceptors: [failing] });
    expect(outcomeOf(api.get$('/a'))).toEqual({ values: [], error: 'why' });
  });

  it('is aborted when it is unsubscribed, and when it has answered', () => {
    const signals: AbortSignal[] = [];
    const waiting: Interceptor = ({ url }) =>
      native((subscriber) => {
        signals.push(subscriber.signal);
        if (url.endsWith('/now')) subscriber.next(response(200));
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
    const { api, session } = createVirtualClient({ refresh: () => native(({ signal }) => signals.push(signal)) });
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
      subscribe: (observer: { next(event: HttpEvent): void }) => {
        isOpen = true;
        observer.next(response(200, 'other'));
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
