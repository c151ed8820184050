import { NEVER, Observable, of, Subject, tap, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { outcomeOf } from '../support/http-client';
import { installBrowser, type VirtualTab } from '../support/virtual-tabs';

/** Makes works that take `ms`, and counts how many run at once. */
const createWork = () => {
  const log: string[] = [];
  let running = 0;
  let maxRunning = 0;
  const work = (name: string, ms: number): Observable<unknown> =>
    new Observable((subscriber) => {
      log.push(name);
      maxRunning = Math.max(maxRunning, ++running);
      subscriber.add(timer(ms).subscribe(subscriber));
      return () => {
        running--;
      };
    });
  return {
    log,
    work,
    get maxRunning() {
      return maxRunning;
    },
  };
};

const runExclusive = (tab: VirtualTab, work: Observable<unknown>) => outcomeOf(tab.store.exclusive?.(work) ?? NEVER);

/** A work that writes to the store, and ends. */
const writeOf = ({ store }: VirtualTab) =>
  of('in').pipe(tap(() => store.save({ accessToken: 'T2', refreshToken: 'R2', sessionId: 'first' })));

const LOCK = 'renewal:renewal';
/** The lock of tabs that have passed over a holder. */
const OVERTAKEN = 'renewal:renewal:overtaken';

describe('the lock of webStorageStore', () => {
  it('excludes six tabs that need 1.5 s each, with a lockTimeoutMs of 5 s', async () => {
    const browser = installBrowser('HTTP 401');
    const works = createWork();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const outcomes = names.map((name) => runExclusive(browser.open(), works.work(name, 1_500)));
    await browser.advance(12_000);
    expect(works.log).toEqual(names);
    expect(works.maxRunning).toBe(1);
    expect(outcomes.filter(({ isComplete }) => !isComplete)).toEqual([]);
    expect([browser.locks.held, browser.locks.pending]).toEqual([[], []]);
  });

  it('excludes tabs that arrive one by one while the lock moves on', async () => {
    const browser = installBrowser('HTTP 401');
    const works = createWork();
    for (let index = 0; index < 12; index++) {
      runExclusive(browser.open({ lockTimeoutMs: 2_000 }), works.work(`${index}`, 1_200));
      await browser.advance(300);
    }
    await browser.advance(15_000);
    expect(works.log).toHaveLength(12);
    expect(works.maxRunning).toBe(1);
  });

  it('passes over a holder after lockTimeoutMs, even if others have held it before', async () => {
    const browser = installBrowser('HTTP 401');
    const works = createWork();
    runExclusive(browser.open(), works.work('a', 1_000));
    runExclusive(browser.open(), NEVER);
    const last = runExclusive(browser.open(), of('in'));
    await browser.advance(9_900);
    expect(last.values).toEqual([]);
    await browser.advance(200);
    expect(last.values).toEqual(['in']);
  });

  it('excludes tabs that pass over a holder from tabs that have waited for long', async () => {
    const browser = installBrowser('HTTP 401');
    const works = createWork();
    // The first two tabs hold the lock long enough to be passed over, and release it in the end.
    runExclusive(browser.open(), works.work('a', 3_000));
    runExclusive(browser.open(), timer(4_500));
    runExclusive(browser.open({ lockTimeoutMs: 3_500 }), works.work('c', 1_000));
    runExclusive(browser.open(), works.work('d', 1_000));
    runExclusive(browser.open(), works.work('e', 1_000));
    await browser.advance(30_000);
    expect(works.log.sort()).toEqual(['a', 'c', 'd', 'e']);
    expect(works.maxRunning).toBe(1);
  });

  it('excludes a frozen tab with a late grant from a tab that requests later', async () => {
    const browser = installBrowser('HTTP 401');
    const works = createWork();
    const first = new Subject();
    runExclusive(browser.open(), first);
    await browser.advance();
    runExclusive(browser.open(), works.work('frozen', 1_000));
    await browser.advance(1_000);
    // The timer of the frozen tab is long overdue when the tab runs again.
    vi.setSystemTime(Date.now() + 60_000);
    first.complete();
    runExclusive(browser.open(), works.work('later', 1_000));
    await browser.advance(10_000);
    expect(works.log).toEqual(['frozen', 'later']);
    expect(works.maxRunning).toBe(1);
  });

  it('proceeds after lockTimeoutMs if the manager does not name the holder', async () => {
    const browser = installBrowser('HTTP 401');
    const { query } = browser.locks;
    browser.locks.query = async () => {
      const { held, pending } = await query();
      return { held: held.map(({ name }) => ({ name })) as typeof held, pending }; // an old manager may return this
    };
    runExclusive(browser.open(), timer(1_000));
    runExclusive(browser.open(), NEVER);
    const last = runExclusive(browser.open(), of('in'));
    await browser.advance(5_100);
    expect(last.values).toEqual(['in']);
  });

  it('proceeds after lockTimeoutMs if the manager stops responding', async () => {
    const browser = installBrowser('HTTP 401');
    runExclusive(browser.open(), timer(1_000));
    runExclusive(browser.open(), NEVER);
    const last = runExclusive(browser.open(), of('in'));
    await browser.advance(2_000);
    browser.locks.query = () => new Promise(() => {});
    await browser.advance(8_200);
    expect(last.values).toEqual(['in']);
  });

  it('keeps the lock after a write until the work that takes it over has ended', async () => {
    const browser = installBrowser('HTTP 401');
    const works = createWork();
    const tab = browser.open();
    runExclusive(tab, writeOf(tab));
    await browser.advance(100);
    runExclusive(tab, works.work('takeover', 1_000));
    runExclusive(browser.open(), works.work('other', 0));
    await browser.advance(900);
    expect(works.log).toEqual(['takeover']);
    await browser.advance(200);
    expect(works.log).toEqual(['takeover', 'other']);
    expect(works.maxRunning).toBe(1);
  });

  it('keeps the lock for 250 ms after a write, also if work without a write follows', async () => {
    const browser = installBrowser('HTTP 401');
    const works = createWork();
    const tab = browser.open();
    runExclusive(tab, writeOf(tab));
    await browser.advance(100);
    runExclusive(tab, works.work('takeover', 0));
    runExclusive(browser.open(), works.work('other', 0));
    await browser.advance(100);
    expect(works.log).toEqual(['takeover']);
    await browser.advance(100);
    expect(works.log).toEqual(['takeover', 'other']);
    runExclusive(tab, works.work('later', 0));
    runExclusive(browser.open(), works.work('last', 0));
    await browser.advance(20);
    expect(works.log).toEqual(['takeover', 'other', 'later', 'last']);
  });

  it('requests a lock for the work that follows a write without a lock', async () => {
    const browser = installBrowser('HTTP 401');
    const works = createWork();
    const [tab, other] = [browser.open(), browser.open()];
    const { request } = browser.locks;
    browser.locks.request = () => {
      throw new Error('no locks');
    };
    runExclusive(tab, writeOf(tab));
    browser.locks.request = request;
    runExclusive(tab, works.work('next', 1_000));
    await browser.advance();
    runExclusive(other, works.work('other', 0));
    await browser.advance(900);
    expect(works.log).toEqual(['next']);
    await browser.advance(200);
    expect(works.log).toEqual(['next', 'other']);
  });

  it('requests one lock only, however long the wait, with a lockTimeoutMs of 0', async () => {
    const browser = installBrowser('HTTP 401');
    runExclusive(browser.open(), timer(60_000));
    const last = runExclusive(browser.open({ lockTimeoutMs: 0 }), of('in'));
    await browser.advance(59_900);
    expect(last.values).toEqual([]);
    await browser.advance(200);
    expect(last.values).toEqual(['in']);
    expect(browser.locks.requests.map(({ name }) => name)).toEqual([LOCK, LOCK]);
  });

  it('releases the lock of a work whose teardown throws', async () => {
    const browser = installBrowser('HTTP 401');
    const work = new Observable(() => () => {
      throw new Error('teardown');
    });
    const running = browser.open().store.exclusive?.(work).subscribe();
    const next = runExclusive(browser.open(), of('in'));
    await browser.advance(100);
    expect([browser.locks.held, browser.locks.pending]).toEqual([[LOCK], [LOCK]]);
    expect(() => running?.unsubscribe()).toThrow('teardown');
    await browser.advance();
    expect(next.values).toEqual(['in']);
    expect([browser.locks.held, browser.locks.pending]).toEqual([[], []]);
  });

  it('gives up both locks when a frozen tab with a late grant unsubscribes', async () => {
    const browser = installBrowser('HTTP 401');
    const tab = browser.open();
    const first = new Subject();
    runExclusive(browser.open(), first);
    await browser.advance();
    // A sign-in writes without a lock. It is no write of the work that waits.
    tab.store.save({ accessToken: 'T2', refreshToken: 'R2', sessionId: 'first' });
    const waiting = tab.store.exclusive?.(of('in')).subscribe();
    await browser.advance(1_000);
    browser.locks.request(OVERTAKEN, {}, () => new Promise(() => {}));
    vi.setSystemTime(Date.now() + 60_000);
    first.complete();
    await browser.advance();
    expect([browser.locks.held.sort(), browser.locks.pending]).toEqual([[LOCK, OVERTAKEN], [OVERTAKEN]]);
    waiting?.unsubscribe();
    await browser.advance();
    expect([browser.locks.held, browser.locks.pending]).toEqual([[OVERTAKEN], []]);
  });
});
