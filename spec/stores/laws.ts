import type { TokenStore, Tokens } from 'renewal';
import { concat, finalize, ignoreElements, Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { outcomeOf, unhandledBy } from '../support/http-client';
import { virtually } from '../support/virtual';

export const full: Tokens = { accessToken: 'T1', refreshToken: 'R1', expiresAtMs: 5, sessionId: 's1' };
export const bare: Tokens = { accessToken: 'T2', sessionId: 's2' };

/** What holds of every store. `create` makes one over the same place each time, which `reset` empties. */
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
    ['with all that a token may hold', { ...full, accessToken: '{"a":"\\" ~|$%&\'}', refreshToken: 'null' }],
  ])('gives back the tokens that it was given (%s)', async (_, tokens) => {
    const store = fresh();
    await store.save(tokens);
    expect(await store.load()).toEqual(tokens);
    expect(await store.load()).toEqual(tokens);
  });

  it('keeps nothing of what was there before', async () => {
    const store = fresh();
    const revised = { ...full, revision: 7 };
    await store.save(revised);
    await store.save(bare);
    expect(await store.load()).toEqual(bare);
    await store.save(revised);
    await store.save(full);
    expect(await store.load()).toEqual(full);
  });

  it('is empty once it is cleared, also where it was empty before', async () => {
    const store = fresh();
    await store.clear();
    expect(await store.load()).toBeNull();
    await store.save(full);
    await store.clear();
    expect(await store.load()).toBeNull();
    await store.save(bare);
    expect(await store.load()).toEqual(bare);
  });

  it('answers in the same tick', () => {
    const store = fresh();
    expect(store.save(full)).toBeUndefined();
    expect(store.load()).toEqual(full);
    expect(store.clear()).toBeUndefined();
  });
};

/** What holds of every store whose sessions follow each other within the page. `create` makes an empty one. */
export const itIsFollowed = (create: () => TokenStore): void => {
  it('has another version if and only if it holds something else', () => {
    const store = create();
    const versions: unknown[] = [];
    const look = () => {
      const version = store.version?.();
      store.load();
      expect(store.version?.()).toBe(version);
      versions.push(version);
    };
    look();
    for (const tokens of [full, { ...full, accessToken: 'T3', revision: 2 }, bare]) {
      store.save(tokens);
      look();
    }
    store.clear();
    look();
    expect(new Set(versions.slice(0, 4)).size).toBe(4);
    expect(versions[4]).toBe(versions[0]);
  });

  it('emits what it holds, in the same tick as each write', () => {
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

  it('emits nothing to a subscriber that has left, nor of a read', () => {
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

/** What holds of every store that can be had alone. */
export const itIsExclusive = (create: () => TokenStore): void => {
  const createAlone = () => {
    const store = create();
    return <T>(work: Observable<T>): Observable<T> => {
      if (!store.exclusive) throw new Error('this store has no exclusive');
      return store.exclusive(work);
    };
  };

  /** Work that says when it begins and ends, and lasts until `end$` ends it. */
  const work = (name: string, log: string[], end$: Observable<unknown> = of(1)): Observable<unknown> =>
    new Observable((subscriber) => {
      log.push(`> ${name}`);
      subscriber.add(end$.subscribe(subscriber));
      return () => log.push(`< ${name}`);
    });

  describe('exclusive', () => {
    it('runs what comes first in the same tick, and passes on all that it emits', () => {
      const alone = createAlone();
      const error = new Error('x');
      expect(outcomeOf(alone(of(1, 2)))).toEqual({ values: [1, 2], isComplete: true });
      expect(
        outcomeOf(
          alone(
            concat(
              of(1),
              throwError(() => error),
            ),
          ),
        ),
      ).toEqual({ values: [1], error });
    });

    it('runs nothing before it is subscribed, and the work once for each subscription', () => {
      const alone = createAlone();
      const log: string[] = [];
      const work$ = alone(work('a', log));
      expect(log).toEqual([]);
      outcomeOf(work$);
      outcomeOf(work$);
      expect(log).toEqual(['> a', '< a', '> a', '< a']);
    });

    it('never lets two works overlap, and runs them in the order they came', () => {
      virtually(({ cold, expectObservable, expectSubscriptions }) => {
        const alone = createAlone();
        const works = [cold('---(a|)'), cold('-b-|'), cold('c|'), cold('(d|)')];
        expectObservable(alone(works[0] ?? of())).toBe('---(a|)');
        expectObservable(alone(works[1] ?? of()), '-^').toBe('----b-|');
        expectObservable(alone(works[2] ?? of()), '--^').toBe('------c|');
        expectObservable(alone(works[3] ?? of()), '--^').toBe('-------(d|)');
        expectSubscriptions(works[0]?.subscriptions ?? []).toBe('^--!');
        expectSubscriptions(works[1]?.subscriptions ?? []).toBe('---^--!');
        expectSubscriptions(works[2]?.subscriptions ?? []).toBe('------^!');
        expectSubscriptions(works[3]?.subscriptions ?? []).toBe('-------(^!)');
      });
    });

    it('lets the next one run only when the one before it has been torn down', () => {
      const alone = createAlone();
      const log: string[] = [];
      const first = new Subject();
      outcomeOf(alone(work('a', log, first)));
      outcomeOf(alone(work('b', log)));
      expect(log).toEqual(['> a']);
      first.complete();
      expect(log).toEqual(['> a', '< a', '> b', '< b']);
    });

    it('lets the next one run only when the one before it has been torn down, also where that ends in the same tick', () => {
      const alone = createAlone();
      const log: string[] = [];
      const first = new Subject();
      for (const [name, end$] of Object.entries({ a: first, b: of(1), c: of(1) }))
        outcomeOf(alone(work(name, log, end$)));
      first.complete();
      expect(log).toEqual(['> a', '< a', '> b', '< b', '> c', '< c']);
    });

    it.each<[string, (end: Subject<unknown>, leave: () => void) => void]>([
      ['completes', (end) => end.complete()],
      ['errors', (end) => end.error(new Error('x'))],
      ['is unsubscribed', (_, leave) => leave()],
    ])('releases when its work %s', (_, stop) => {
      const alone = createAlone();
      const log: string[] = [];
      const end = new Subject();
      const running = alone(work('a', log, end)).subscribe({ error: () => {} });
      outcomeOf(alone(work('b', log)));
      stop(end, () => running.unsubscribe());
      expect(log).toEqual(['> a', '< a', '> b', '< b']);
      outcomeOf(alone(work('c', log)));
      expect(log).toHaveLength(6);
    });

    it('releases when its work throws during subscribe', () => {
      const alone = createAlone();
      const thrown = new Error('thrown');
      const throwing = new Observable(() => {
        throw thrown;
      });
      expect(outcomeOf(alone(throwing)).error).toBe(thrown);
      expect(outcomeOf(alone(of(1)))).toEqual({ values: [1], isComplete: true });
    });

    it.each(['while it runs', 'in the same tick'])('releases after work that throws during teardown, %s', (when) => {
      const alone = createAlone();
      const end = new Subject();
      const end$ = when === 'while it runs' ? end : of(1);
      const broken = new Observable((subscriber) => {
        subscriber.add(end$.subscribe(subscriber));
        return () => {
          throw new Error('torn');
        };
      });
      // Whether that is thrown or reported is between RxJS and whoever wrote it; the others must not wait for ever.
      unhandledBy(() => {
        outcomeOf(alone(broken));
        end.complete();
      });
      expect(outcomeOf(alone(of(1)))).toEqual({ values: [1], isComplete: true });
    });

    it('never subscribes to a work that left before its turn, and lets the others run', () => {
      const alone = createAlone();
      const log: string[] = [];
      const first = new Subject();
      outcomeOf(alone(work('a', log, first)));
      const waiting = [alone(work('b', log)).subscribe(), alone(work('c', log)).subscribe()];
      outcomeOf(alone(work('d', log)));
      for (const each of waiting) each.unsubscribe();
      first.complete();
      expect(log).toEqual(['> a', '< a', '> d', '< d']);
    });

    it('stays free when all have left before their turn', () => {
      const alone = createAlone();
      const log: string[] = [];
      const first = new Subject();
      const running = alone(work('a', log, first)).subscribe();
      const waiting = alone(work('b', log)).subscribe();
      waiting.unsubscribe();
      running.unsubscribe();
      outcomeOf(alone(work('c', log)));
      expect(log).toEqual(['> a', '< a', '> c', '< c']);
    });

    it('lets those run who come while another is being torn down, after those who waited', () => {
      const alone = createAlone();
      const log: string[] = [];
      const first = new Subject();
      const late$ = alone(work('late', log));
      outcomeOf(alone(work('a', log, first).pipe(finalize(() => outcomeOf(late$)))));
      outcomeOf(alone(work('b', log)));
      first.complete();
      expect(log.filter((line) => line.startsWith('>'))).toEqual(['> a', '> b', '> late']);
    });

    it('leaves one alone who leaves while the one before is being torn down', () => {
      const alone = createAlone();
      const log: string[] = [];
      const first = new Subject();
      outcomeOf(alone(work('a', log, first).pipe(finalize(() => waiting.unsubscribe()))));
      const waiting = alone(work('b', log)).subscribe();
      outcomeOf(alone(work('c', log)));
      first.complete();
      expect(log).toEqual(['> a', '< a', '> c', '< c']);
    });

    it('lets all of many run who wait', () => {
      const alone = createAlone();
      const first = new Subject();
      outcomeOf(alone(first));
      const outcomes = Array.from({ length: 5_000 }, (_, index) => outcomeOf(alone(of(index))));
      expect(unhandledBy(() => first.complete())).toEqual([]);
      expect(outcomes.filter(({ isComplete }) => !isComplete)).toHaveLength(0);
    });

    it('completes with the work, and not before', () => {
      virtually(({ cold, expectObservable }) => {
        const alone = createAlone();
        expectObservable(alone(cold('a--|').pipe(ignoreElements()))).toBe('---|');
      });
    });
  });
};
