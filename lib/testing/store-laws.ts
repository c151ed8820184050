import { createApi, createSession, type TokenStore, type Tokens } from 'renewal';
import { EMPTY, firstValueFrom, merge, Observable, of, Subject, timer, toArray } from 'rxjs';
import { expectEqual, expectThat, type LawRunner } from './assert';
import { fakeBackend } from './fake-backend';

type MaybePromise<T> = T | Promise<T>;

/** A fresh, empty store, or two over one fresh, empty place, as two processes have. */
export type MakeStore = () => MaybePromise<TokenStore | readonly [TokenStore, TokenStore]>;

/** The stores of one law: the same one twice, if there is no pair. */
interface Place {
  readonly store: TokenStore;
  readonly other: TokenStore;
}

type Law = readonly [title: string, run: (place: Place) => Promise<void>];

const FULL: Tokens = { accessToken: 'T1', refreshToken: 'R1', expiresAtMs: 5, sessionId: 's1', revision: 7 };
const BARE: Tokens = { accessToken: 'T2', sessionId: 's2' };

const KEPT: readonly (readonly [string, Tokens])[] = [
  ['with all members', { ...FULL, extras: { idToken: 'I1', user: { id: 7, roles: ['a', null] } } }],
  ['with an access token alone', BARE],
  ['with an empty session id', { ...BARE, sessionId: '' }],
  ['of revision 0', { ...FULL, revision: 0 }],
  ['with an expiry in the far future', { ...FULL, expiresAtMs: Number.MAX_SAFE_INTEGER }],
  ['with special characters', { ...FULL, accessToken: '{"a":"\\" ~|$%&\'} \u2028 é', refreshToken: 'null' }],
  ['of 100 kB', { ...FULL, accessToken: 'x'.repeat(100_000) }],
];

/** How many calls of the store a law waits to see that nothing happens. */
const QUIET_CALLS = 8;

/** How long a law waits until something has happened: less than the 5 s that runners give a test. */
const MAX_WAIT_MS = 4_000;

/** Lets the store respond some times: what it would do by mistake has happened then. */
const pause = async (store: TokenStore): Promise<void> => {
  for (let nth = 0; nth < QUIET_CALLS; nth++) {
    await store.load();
    await new Promise((resolve) => setTimeout(resolve));
  }
};

/** Resolves once `isTrue`. */
const until = async (isTrue: () => boolean, what: string): Promise<void> => {
  const startedAtMs = Date.now();
  while (!isTrue()) {
    expectThat(Date.now() - startedAtMs < MAX_WAIT_MS, `${what}: has not happened within ${MAX_WAIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve));
  }
};

const basics: readonly Law[] = [
  ['is empty at first', async ({ store }) => expectThat((await store.load()) == null, 'load: expected no tokens')],
  ...KEPT.map(
    ([name, tokens]): Law => [
      `loads the tokens that were saved, ${name}`,
      async ({ store }) => {
        await store.save(tokens);
        expectEqual(await store.load(), tokens, 'load');
        expectEqual(await store.load(), tokens, 'load, again');
      },
    ],
  ),
  [
    'keeps no member of replaced tokens',
    async ({ store }) => {
      await store.save({ ...FULL, extras: { a: 1 } });
      await store.save(BARE);
      expectEqual(await store.load(), BARE, 'load');
    },
  ],
  [
    'knows after clear that it is signed out: null, not undefined',
    async ({ store }) => {
      await store.save(FULL);
      await store.clear();
      expectThat((await store.load()) === null, 'load after clear: expected null');
      await store.save(BARE);
      expectEqual(await store.load(), BARE, 'load after another save');
    },
  ],
  [
    'takes a clear while it is empty',
    async ({ store }) => {
      await store.clear();
      expectThat((await store.load()) == null, 'load: expected no tokens');
    },
  ],
  [
    'loads what was saved last',
    async ({ store }) => {
      for (let revision = 1; revision <= 20; revision++) await store.save({ ...FULL, revision });
      expectEqual(await store.load(), { ...FULL, revision: 20 }, 'load');
    },
  ],
];

const versions: readonly Law[] = [
  [
    'has a version that stays while nothing changes, and changes with the tokens',
    async ({ store }) => {
      if (!store.version) return;
      const seen: unknown[] = [];
      const look = async () => {
        const version = store.version?.();
        expectThat(typeof Object(version).then !== 'function', 'version: expected a value, not a promise');
        await store.load();
        expectThat(Object.is(store.version?.(), version), 'version: expected it to stay while nothing changes');
        expectThat(!seen.some((each) => Object.is(each, version)), 'version: expected another one after a write');
        seen.push(version);
      };
      await store.save(FULL);
      await look();
      await store.save({ ...FULL, accessToken: 'T3', revision: 8 });
      await look();
      await store.save(BARE);
      await look();
      await store.clear();
      await look();
    },
  ],
];

/** Work that logs its begin and its end, and lasts until `end$` ends. */
const work = (name: string, log: string[], end$: Observable<unknown>): Observable<unknown> =>
  new Observable((subscriber) => {
    log.push(`> ${name}`);
    subscriber.add(end$.subscribe(subscriber));
    return () => log.push(`< ${name}`);
  });

const hasBegun = (log: readonly string[], name: string) => () => log.includes(`> ${name}`);

const run = (store: TokenStore, work$: Observable<unknown>): Observable<unknown> => {
  if (!store.exclusive) throw new Error('exclusive: missing');
  return store.exclusive(work$);
};

/** All that a work emits, once it is over. */
const collect = async (source$: Observable<unknown>, what = 'the end of the work'): Promise<unknown[]> => {
  const all = firstValueFrom(source$.pipe(toArray()));
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  all.then(end, end);
  await until(() => isOver, what);
  return all;
};

/** Ends of a work, each of which releases the lock. */
const ENDS: readonly (readonly [string, (end: Subject<unknown>, unsubscribe: () => void) => void])[] = [
  ['completes', (end) => end.complete()],
  ['errors', (end) => end.error(new Error('the work failed'))],
  ['is unsubscribed', (_end, unsubscribe) => unsubscribe()],
];

const exclusions: readonly Law[] = [
  [
    'emits what the work emits, and its error',
    async ({ store }) => {
      expectEqual(await collect(run(store, of(1, 2))), [1, 2], 'values');
      const failed = new Error('the work failed');
      const error = await collect(run(store, new Observable((subscriber) => subscriber.error(failed)))).catch(
        (thrown: unknown) => thrown,
      );
      expectThat(error === failed, 'exclusive: expected the error of the work itself');
    },
  ],
  [
    'runs the work once for each subscription, and not before',
    async ({ store }) => {
      const log: string[] = [];
      const work$ = run(store, work('a', log, EMPTY));
      await pause(store);
      expectEqual(log, [], 'before a subscription');
      await collect(work$);
      await collect(work$);
      expectEqual(log, ['> a', '< a', '> a', '< a'], 'after two subscriptions');
    },
  ],
  [
    'runs one work at a time',
    async ({ store, other }) => {
      const log: string[] = [];
      const end = new Subject<unknown>();
      const first = run(store, work('a', log, end)).subscribe();
      await until(hasBegun(log, 'a'), 'the first work');
      const second = collect(run(other, work('b', log, EMPTY)));
      second.catch(() => {}); // awaited below, unless the law fails before
      await pause(store);
      expectEqual(log, ['> a'], 'while the first work runs');
      end.complete();
      await second;
      first.unsubscribe();
      expectEqual(log, ['> a', '< a', '> b', '< b'], 'after both');
    },
  ],
  ...ENDS.map(
    ([name, stop]): Law => [
      `releases the lock when its work ${name}`,
      async ({ store, other }) => {
        const log: string[] = [];
        const end = new Subject<unknown>();
        const running = run(store, work('a', log, end)).subscribe({ error: () => {} });
        await until(hasBegun(log, 'a'), 'the first work');
        stop(end, () => running.unsubscribe());
        await until(() => log.includes('< a'), 'the end of the first work');
        await collect(run(other, work('b', log, EMPTY)));
        await collect(run(store, work('c', log, EMPTY)));
        expectEqual(log, ['> a', '< a', '> b', '< b', '> c', '< c'], 'works');
      },
    ],
  ),
  [
    'releases the lock when its work throws while it is subscribed',
    async ({ store, other }) => {
      const throwing = new Observable(() => {
        throw new Error('the work threw');
      });
      await collect(run(store, throwing)).catch(() => {});
      expectEqual(await collect(run(other, of(1))), [1], 'the next work');
    },
  ],
  [
    'does not run a work that was unsubscribed before its turn',
    async ({ store, other }) => {
      const log: string[] = [];
      const end = new Subject<unknown>();
      run(store, work('a', log, end)).subscribe();
      await until(hasBegun(log, 'a'), 'the first work');
      const waiting = run(other, work('b', log, EMPTY)).subscribe();
      await pause(store);
      waiting.unsubscribe();
      end.complete();
      await collect(run(other, work('c', log, EMPTY)));
      await pause(store);
      expectEqual(log, ['> a', '< a', '> c', '< c'], 'works');
    },
  ],
  [
    'runs all of 50 works that wait, one at a time',
    async ({ store, other }) => {
      let running = 0;
      let most = 0;
      const counted = new Observable<unknown>((subscriber) => {
        running++;
        most = Math.max(most, running);
        subscriber.add(timer(0).subscribe(subscriber));
        return () => running--;
      });
      const works = Array.from({ length: 50 }, (_, nth) => collect(run(nth % 2 ? other : store, counted)));
      await Promise.all(works);
      expectEqual([most, running], [1, 0], 'works at once, and at the end');
    },
  ],
  [
    'lets two sessions refresh once',
    async ({ store, other }) => {
      const backend = fakeBackend({ routes: { '/orders': () => 'orders' } });
      const create = (each: TokenStore) => createSession({ store: each, refresh: backend.refresh });
      const first = create(store);
      await first.signIn(backend.issue());
      // A load before the sign-in might still be open, with nothing found.
      const sessions = [first, create(other)];
      backend.expireTokens();
      const requests = sessions.map((session) => {
        const api = createApi({ baseUrl: 'https://backend.test', session, transport: backend.transport });
        return collect(merge(...Array.from({ length: 3 }, () => api.get$('/orders'))));
      });
      const answers = await Promise.all(requests);
      for (const session of sessions) session.destroy();
      expectEqual([backend.refreshes, answers.flat().length], [1, 6], 'refreshes and responses');
    },
  ],
];

const sharing: readonly Law[] = [
  [
    'loads what the other process has saved and cleared',
    async ({ store, other }) => {
      await store.save(FULL);
      expectEqual(await other.load(), FULL, 'load in the other one');
      await other.save(BARE);
      expectEqual(await store.load(), BARE, 'load in the first one');
      await store.clear();
      expectThat((await other.load()) === null, 'load in the other one after clear: expected null');
    },
  ],
  [
    'has another version after a write of the other process',
    async ({ store, other }) => {
      if (!other.version) return;
      await store.save(FULL);
      await other.load();
      const before = other.version();
      await store.save({ ...FULL, accessToken: 'T3', revision: 8 });
      await until(() => !Object.is(other.version?.(), before), 'another version');
    },
  ],
  [
    'notifies the other process of a write by changes$ or version',
    async ({ store, other }) => {
      await other.load();
      const before = other.version?.();
      let hints = 0;
      const subscription = other.changes$?.subscribe(() => hints++);
      await pause(other);
      hints = 0;
      await store.save(FULL);
      await until(() => hints > 0 || !Object.is(other.version?.(), before), 'a hint of the save');
      subscription?.unsubscribe();
    },
  ],
];

/** The stores of one law, and which laws they have to keep. */
const toPlace = async (make: MakeStore): Promise<Place & { readonly isPair: boolean }> => {
  const made = await make();
  const isPair = Symbol.iterator in made;
  const [store, other] = isPair
    ? (made as readonly [TokenStore, TokenStore])
    : [made as TokenStore, made as TokenStore];
  return { store, other, isPair };
};

/**
 * Declares the laws of token stores with a test runner: for a store of your own. Each law makes its stores. Laws of
 * `version`, of `exclusive` and of sharing hold for stores that have it: a pair has to share. The tokens in a failure
 * are those of the laws.
 *
 * @param name - The name of the suite.
 * @param make - Makes a fresh, empty store, or a pair over one fresh place.
 * @param runner - `describe` and `it` of vitest, jest, `node:test` or mocha.
 *
 * @example
 * ```ts
 * import { describe, it } from 'node:test';
 * import { memoryStore } from 'renewal';
 * import { storeLaws } from 'renewal/testing';
 *
 * storeLaws('memoryStore', () => memoryStore(), { describe, it });
 * ```
 */
export const storeLaws = (name: string, make: MakeStore, { describe, it }: LawRunner): void => {
  const declare = (laws: readonly Law[], holdsFor: (place: Place & { readonly isPair: boolean }) => boolean): void => {
    for (const [title, law] of laws)
      it(title, async () => {
        const place = await toPlace(make);
        if (holdsFor(place)) await law(place);
      });
  };
  describe(`${name}: the laws of a token store`, () => {
    declare(basics, () => true);
    declare(versions, () => true);
    declare(exclusions, ({ store, isPair }) => isPair || store.exclusive !== undefined);
    declare(sharing, ({ isPair }) => isPair);
  });
};
