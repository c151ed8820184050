import type { TokenStore, Tokens } from 'renewal';
import { concat, finalize, ignoreElements, Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { outcomeOf, unhandledBy } from '../support/http-client';
import { virtually } from '../support/virtual';

export const full: Tokens = { accessToken: 'T1', refreshToken: 'R1', expiresAtMs: 5, sessionId: 's1' };
export const bare: Tokens = { accessToken: 'T2', sessionId: 's2' };

/** Laws of every store. `create` makes a store over the same place each time, which `reset` empties. */
export const itKeepsTokens = (create: () => TokenStore, reset: () => void = () => {}): void => {
  const fresh = (): TokenStore => {
    reset();
    return create();
  };

  it('is empty at first', async () => {
    expect(await fresh().load()).toBeNull();
  });

  it.each([
    ['full', full],
    ['bare', bare],
    ['without an expiry', { accessToken: 'T', refreshToken: 'R', sessionId: 's' }],
    ['without a refresh token', { accessToken: 'T', expiresAtMs: 9, sessionId: 's' }],
    ['with an expiry in the far future', { ...full, expiresAtMs: Number.MAX_SAFE_INTEGER }],
    ['with a session id that is empty', { ...full, sessionId: '' }],
    ['with a revision', { ...full, revision: 7 }],
    ['of revision 0', { ...bare, revision: 0 }],
    ['with special characters', { ...full, accessToken: '{"a":"\\" ~|$%&\'}', refreshToken: 'null' }],
  ])('loads the tokens that were saved (%s)', async (_, tokens) => {
    const store = fresh();
    await store.save(tokens);
    expect(await store.load()).toEqual(tokens);
    expect(await store.load()).toEqual(tokens);
  });

  it('keeps no field of replaced tokens', async () => {
    const store = fresh();
    const revised = { ...full, revision: 7 };
    await store.save(revised);
    await store.save(bare);
    expect(await store.load()).toEqual(bare);
    await store.save(revised);
    await store.save(full);
    expect(await store.load()).toEqual(full);
  });

  it('is empty after clear, even if it was empty before', async () => {
    const store = fresh();
    await store.clear();
    expect(await store.load()).toBeNull();
    await store.save(full);
    await store.clear();
    expect(await store.load()).toBeNull();
    await store.save(bare);
    expect(await store.load()).toEqual(bare);
  });

  it('loads, saves and clears in the same tick', () => {
    const store = fresh();
    expect(store.save(full)).toBeUndefined();
    expect(store.load()).toEqual(full);
    expect(store.clear()).toBeUndefined();
  });
};

/** Laws of every store whose sessions follow each other within the page. `create` makes an empty store. */
export const itIsFollowed = (create: () => TokenStore): void => {
  it('has another version if and only if its tokens have changed', () => {
    const store = create();
    const versions: unknown[] = [];
    const record = () => {
      const version = store.version?.();
      store.load();
      expect(store.version?.()).toBe(version);
      versions.push(version);
    };
    record();
    for (const tokens of [full, { ...full, accessToken: 'T3', revision: 2 }, bare]) {
      store.save(tokens);
      record();
    }
    store.clear();
    record();
    expect(new Set(versions.slice(0, 4)).size).toBe(4);
    expect(versions[4]).toBe(versions[0]);
  });

  it('emits its tokens in the same tick as each write', () => {
    const store = create();
    const one = outcomeOf(store.changes$ ?? of());
    const other = outcomeOf(store.changes$ ?? of());
    expect(one).toEqual({ values: [] });
    store.save(full);
    expect(one).toEqual({ values: [full] });
    store.save(bare);
    store.clear();
    expect(one).toEqual({ values: [full, bare, null] });
    expect(other).toEqual(one);
  });

  it('emits nothing on a read, nor to an unsubscribed subscriber', () => {
    const store = create();
    const seen: unknown[] = [];
    const following = store.changes$?.subscribe((each) => seen.push(each));
    store.load();
    store.version?.();
    following?.unsubscribe();
    store.save(full);
    expect(seen).toEqual([]);
  });
};

/** Laws of every store with `exclusive`. */
export const itIsExclusive = (create: () => TokenStore): void => {
  const createExclusive = () => {
    const store = create();
    return <T>(work: Observable<T>): Observable<T> => {
      if (!store.exclusive) throw new Error('this store has no exclusive');
      return store.exclusive(work);
    };
  };

  /** Work that logs its begin and its end, and lasts until `end$` ends it. */
  const work = (name: string, log: string[], end$: Observable<unknown> = of(1)): Observable<unknown> =>
    new Observable((subscriber) => {
      log.push(`> ${name}`);
      subscriber.add(end$.subscribe(subscriber));
      return () => log.push(`< ${name}`);
    });

  describe('exclusive', () => {
    it('runs the first work in the same tick, and emits its notifications', () => {
      const exclusive = createExclusive();
      const error = new Error('x');
      expect(outcomeOf(exclusive(of(1, 2)))).toEqual({ values: [1, 2], isComplete: true });
      expect(
        outcomeOf(
          exclusive(
            concat(
              of(1),
              throwError(() => error),
            ),
          ),
        ),
      ).toEqual({ values: [1], error });
    });

    it('runs the work once for each subscription, and not before', () => {
      const exclusive = createExclusive();
      const log: string[] = [];
      const work$ = exclusive(work('a', log));
      expect(log).toEqual([]);
      outcomeOf(work$);
      outcomeOf(work$);
      expect(log).toEqual(['> a', '< a', '> a', '< a']);
    });

    it('runs works one at a time, in the order of arrival', () => {
      virtually(({ cold, expectObservable, expectSubscriptions }) => {
        const exclusive = createExclusive();
        const works = [cold('---(a|)'), cold('-b-|'), cold('c|'), cold('(d|)')];
        expectObservable(exclusive(works[0] ?? of())).toBe('---(a|)');
        expectObservable(exclusive(works[1] ?? of()), '-^').toBe('----b-|');
        expectObservable(exclusive(works[2] ?? of()), '--^').toBe('------c|');
        expectObservable(exclusive(works[3] ?? of()), '--^').toBe('-------(d|)');
        expectSubscriptions(works[0]?.subscriptions ?? []).toBe('^--!');
        expectSubscriptions(works[1]?.subscriptions ?? []).toBe('---^--!');
        expectSubscriptions(works[2]?.subscriptions ?? []).toBe('------^!');
        expectSubscriptions(works[3]?.subscriptions ?? []).toBe('-------(^!)');
      });
    });

    it('runs the next work after the teardown of the work before it', () => {
      const exclusive = createExclusive();
      const log: string[] = [];
      const first = new Subject();
      outcomeOf(exclusive(work('a', log, first)));
      outcomeOf(exclusive(work('b', log)));
      expect(log).toEqual(['> a']);
      first.complete();
      expect(log).toEqual(['> a', '< a', '> b', '< b']);
    });

    it('runs the next work after the teardown of a work that ends in the same tick', () => {
      const exclusive = createExclusive();
      const log: string[] = [];
      const first = new Subject();
      for (const [name, end$] of Object.entries({ a: first, b: of(1), c: of(1) }))
        outcomeOf(exclusive(work(name, log, end$)));
      first.complete();
      expect(log).toEqual(['> a', '< a', '> b', '< b', '> c', '< c']);
    });

    it.each<[string, (end: Subject<unknown>, unsubscribe: () => void) => void]>([
      ['completes', (end) => end.complete()],
      ['errors', (end) => end.error(new Error('x'))],
      ['is unsubscribed', (_, unsubscribe) => unsubscribe()],
    ])('releases the lock when its work %s', (_, stop) => {
      const exclusive = createExclusive();
      const log: string[] = [];
      const end = new Subject();
      const running = exclusive(work('a', log, end)).subscribe({ error: () => {} });
      outcomeOf(exclusive(work('b', log)));
      stop(end, () => running.unsubscribe());
      expect(log).toEqual(['> a', '< a', '> b', '< b']);
      outcomeOf(exclusive(work('c', log)));
      expect(log).toHaveLength(6);
    });

    it('releases the lock when its work throws during subscribe', () => {
      const exclusive = createExclusive();
      const thrown = new Error('thrown');
      const throwing = new Observable(() => {
        throw thrown;
      });
      expect(outcomeOf(exclusive(throwing)).error).toBe(thrown);
      expect(outcomeOf(exclusive(of(1)))).toEqual({ values: [1], isComplete: true });
    });

    it.each(['while it runs', 'in the same tick'])(
      'releases the lock after work that throws during teardown, %s',
      (when) => {
        const exclusive = createExclusive();
        const end = new Subject();
        const end$ = when === 'while it runs' ? end : of(1);
        const broken = new Observable((subscriber) => {
          subscriber.add(end$.subscribe(subscriber));
          return () => {
            throw new Error('torn');
          };
        });
        // RxJS decides whether the error is thrown or reported; the next work must not wait for ever.
        unhandledBy(() => {
          outcomeOf(exclusive(broken));
          end.complete();
        });
        expect(outcomeOf(exclusive(of(1)))).toEqual({ values: [1], isComplete: true });
      },
    );

    it('skips works that were unsubscribed before their turn', () => {
      const exclusive = createExclusive();
      const log: string[] = [];
      const first = new Subject();
      outcomeOf(exclusive(work('a', log, first)));
      const waiting = [exclusive(work('b', log)).subscribe(), exclusive(work('c', log)).subscribe()];
      outcomeOf(exclusive(work('d', log)));
      for (const each of waiting) each.unsubscribe();
      first.complete();
      expect(log).toEqual(['> a', '< a', '> d', '< d']);
    });

    it('stays free when all waiting works were unsubscribed', () => {
      const exclusive = createExclusive();
      const log: string[] = [];
      const first = new Subject();
      const running = exclusive(work('a', log, first)).subscribe();
      const waiting = exclusive(work('b', log)).subscribe();
      waiting.unsubscribe();
      running.unsubscribe();
      outcomeOf(exclusive(work('c', log)));
      expect(log).toEqual(['> a', '< a', '> c', '< c']);
    });

    it('runs a work that arrives during a teardown after the waiting works', () => {
      const exclusive = createExclusive();
      const log: string[] = [];
      const first = new Subject();
      const late$ = exclusive(work('late', log));
      outcomeOf(exclusive(work('a', log, first).pipe(finalize(() => outcomeOf(late$)))));
      outcomeOf(exclusive(work('b', log)));
      first.complete();
      expect(log.filter((line) => line.startsWith('>'))).toEqual(['> a', '> b', '> late']);
    });

    it('skips a work that is unsubscribed during the teardown of the work before it', () => {
      const exclusive = createExclusive();
      const log: string[] = [];
      const first = new Subject();
      outcomeOf(exclusive(work('a', log, first).pipe(finalize(() => waiting.unsubscribe()))));
      const waiting = exclusive(work('b', log)).subscribe();
      outcomeOf(exclusive(work('c', log)));
      first.complete();
      expect(log).toEqual(['> a', '< a', '> c', '< c']);
    });

    it('runs all of 5,000 waiting works', () => {
      const exclusive = createExclusive();
      const first = new Subject();
      outcomeOf(exclusive(first));
      const outcomes = Array.from({ length: 5_000 }, (_, index) => outcomeOf(exclusive(of(index))));
      expect(unhandledBy(() => first.complete())).toEqual([]);
      expect(outcomes.filter(({ isComplete }) => !isComplete)).toHaveLength(0);
    });

    it('completes when the work completes', () => {
      virtually(({ cold, expectObservable }) => {
        const exclusive = createExclusive();
        expectObservable(exclusive(cold('a--|').pipe(ignoreElements()))).toBe('---|');
      });
    });
  });
};
