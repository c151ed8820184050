import { type MemoryStoreOptions, memoryStore, type TokenStore, type Tokens } from 'renewal';
import { NEVER, of, Subject } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { installChannels } from '../support/channels';
import { outcomeOf } from '../support/http-client';
import { installBrowser } from '../support/virtual-tabs';
import { itIsExclusive, itIsFollowed, itKeepsTokens } from './laws';

/** A session id of a sign-in at that time. */
const idAt = (atMs: number): string => `${atMs.toString(36).padStart(9, '0')}.x`;

const signIn = (atMs: number, extra: Partial<Tokens> = {}): Tokens => ({
  accessToken: 'T1',
  refreshToken: 'R1',
  sessionId: idAt(atMs),
  revision: 1,
  ...extra,
});
const elsewhere = (atMs: number): Tokens => ({ accessToken: '', sessionId: idAt(atMs) });

const setUp = () => {
  const browser = installBrowser('HTTP 401');
  const channels = installChannels();
  const now = Date.now();
  /** Opens another tab whose session follows the store, and records the emitted tokens. */
  const open = (name = 'shop') => {
    const store = memoryStore(undefined, { name });
    const seen: unknown[] = [];
    const following = store.changes$?.subscribe((each) => seen.push(each));
    return { store, seen, following };
  };
  return { browser, channels, now, open };
};

describe('memoryStore with a name', () => {
  itKeepsTokens(() => memoryStore(undefined, { name: 'shop' }));
  itIsFollowed(() => memoryStore(undefined, { name: 'shop' }));
  itIsExclusive(() => memoryStore(undefined, { name: 'shop' }));

  it.each(['', 5, null, {}])('throws a TypeError for the name %j', (name) => {
    const options = { name } as MemoryStoreOptions; // what plain JavaScript may pass
    expect(() => memoryStore(undefined, options)).toThrow(new TypeError('name: expected a string that is not empty'));
  });

  it('announces a sign-in to the other tabs, without a token', async () => {
    const { browser, channels, now, open } = setUp();
    const [one, other] = [open(), open()];
    one.store.save(signIn(now));
    await browser.advance(10);
    expect(one.store.load()).toEqual(signIn(now));
    expect(other.store.load()).toEqual(elsewhere(now));
    expect(other.seen).toEqual([elsewhere(now)]);
    expect(JSON.stringify([channels.messages, channels.names])).not.toMatch(/T1|R1/);
  });

  it('announces a sign-out to the other tabs', async () => {
    const { browser, now, open } = setUp();
    const tabs = [open(), open(), open()];
    for (const [index, { store }] of tabs.entries()) store.save(signIn(now + index, { revision: 0 }));
    await browser.advance(10);
    tabs[0]?.store.clear();
    await browser.advance(10);
    expect(tabs.map(({ store }) => store.load())).toEqual([null, null, null]);
    expect(tabs[2]?.seen.at(-1)).toBeNull();
  });

  it('has another version after a sign-in or sign-out of another tab', async () => {
    const { browser, now, open } = setUp();
    const [one, other] = [open(), open()];
    const versions = [other.store.version?.()];
    one.store.save(signIn(now));
    await browser.advance(10);
    versions.push(other.store.version?.());
    one.store.clear();
    await browser.advance(10);
    expect(versions[1]).not.toBe(versions[0]);
    expect(other.store.version?.()).toBe(versions[0]);
  });

  it.each([
    ['a refresh', [signIn(5, { revision: 2 }), signIn(5, { revision: 3 })]],
    ['a restore, and the refresh after it', [signIn(5, { revision: 0 }), signIn(5)]],
    ['tokens whose session id has no order', [signIn(5, { sessionId: 'mine' })]],
  ])('does not announce %s', async (_, writes) => {
    const { browser, channels, open } = setUp();
    const { store } = open();
    for (const tokens of writes) store.save(tokens);
    await browser.advance(10);
    expect(channels.messages).toEqual([]);
  });

  it('announces a sign-in once', async () => {
    const { browser, channels, now, open } = setUp();
    const { store } = open();
    store.save(signIn(now));
    store.save(signIn(now));
    await browser.advance(10);
    expect(channels.messages).toHaveLength(1);
  });

  it('ignores a sign-in and a sign-out that are older than its tokens', async () => {
    const { browser, now, open } = setUp();
    const [one, other] = [open(), open()];
    other.store.save(signIn(now + 60_000));
    await browser.advance(10);
    one.store.save(signIn(now));
    await browser.advance(10);
    expect(other.store.load()).toEqual(signIn(now + 60_000));
    const late = open();
    late.store.save(signIn(now));
    late.following?.unsubscribe();
    late.store.clear();
    await browser.advance(10);
    expect(other.store.load()).toEqual(signIn(now + 60_000));
  });

  it('ignores a late message about a sign-in that was followed by a sign-out', async () => {
    const { browser, channels, now, open } = setUp();
    const [one, other] = [open(), open()];
    one.store.save(signIn(now));
    one.store.clear();
    await browser.advance(10);
    channels.deliver({ id: idAt(now), isIn: true });
    expect(other.store.load()).toBeNull();
  });

  it.each([
    ['sign-out', (store: TokenStore) => store.clear(), null],
    ['sign-in', (store: TokenStore, now: number) => store.save(signIn(now)), 'elsewhere'],
  ] as const)('drops tokens of a restore from before a %s of another tab', async (_, act, left) => {
    const { browser, now, open } = setUp();
    const [one, other] = [open(), open()];
    act(one.store, now);
    await browser.advance(10);
    other.seen.length = 0;
    other.store.save(signIn(now - 5, { revision: 0 }));
    const expected = left && elsewhere(now);
    expect(other.store.load()).toEqual(expected);
    expect(other.seen).toEqual([expected]);
  });

  it('accepts a sign-in that follows a sign-out in the same millisecond', async () => {
    const { browser, now, open } = setUp();
    const [one, other] = [open(), open()];
    one.store.save(signIn(now - 10));
    one.store.clear();
    one.store.save(signIn(now));
    await browser.advance(10);
    expect(other.store.load()).toEqual(elsewhere(now));
  });

  it.each([
    null,
    'renewal: look',
    5,
    [],
    {},
    { id: 'x', isIn: true },
    { id: 5, isIn: true },
    { id: 'zzzzzzzzz', isIn: false },
    { id: idAt(1e15) },
    { id: idAt(1e15), isIn: 'yes' },
    { accessToken: 'T9', sessionId: idAt(1e15) },
  ])('ignores a message of another shape: %j', (message) => {
    const { channels, now, open } = setUp();
    const { store, seen } = open();
    store.save(signIn(now));
    seen.length = 0;
    channels.deliver(message);
    expect(store.load()).toEqual(signIn(now));
    expect(seen).toEqual([]);
  });

  it('shares nothing with a store of another name, or without a name', async () => {
    const { browser, channels, now, open } = setUp();
    const other = open('other');
    const nameless = memoryStore();
    nameless.changes$?.subscribe();
    open().store.save(signIn(now));
    nameless.save(signIn(now));
    await browser.advance(10);
    expect(other.store.load()).toBeNull();
    expect(channels.messages).toHaveLength(1);
    expect(new Set(channels.names)).toEqual(new Set(['renewal:shop', 'renewal:other']));
  });

  it('listens on a channel only while changes$ is subscribed, then closes it', async () => {
    const { browser, channels, now } = setUp();
    const store = memoryStore(undefined, { name: 'shop' });
    store.load();
    store.version?.();
    expect(channels.names).toEqual([]);
    store.save(signIn(now));
    expect(channels.open).toBe(0);
    const following = store.changes$?.subscribe();
    expect(channels.open).toBe(1);
    following?.unsubscribe();
    await browser.advance(10);
    expect(channels.open).toBe(0);
  });

  it('excludes the other tabs, but no store of another name', async () => {
    const { browser, open } = setUp();
    const first = new Subject();
    outcomeOf(open().store.exclusive?.(first) ?? NEVER);
    await browser.advance();
    const second = outcomeOf(open().store.exclusive?.(of('in')) ?? NEVER);
    const other = outcomeOf(open('other').store.exclusive?.(of('in')) ?? NEVER);
    const nameless = outcomeOf(memoryStore().exclusive?.(of('in')) ?? NEVER);
    await browser.advance(100);
    expect([other.values, nameless.values, second.values]).toEqual([['in'], ['in'], []]);
    first.complete();
    await browser.advance();
    expect(second.values).toEqual(['in']);
  });

  it('waits 5 s for a tab that does not release the lock', async () => {
    const { browser, open } = setUp();
    outcomeOf(open().store.exclusive?.(NEVER) ?? NEVER);
    await browser.advance();
    const second = outcomeOf(open().store.exclusive?.(of('in')) ?? NEVER);
    await browser.advance(4_990);
    expect(second.values).toEqual([]);
    await browser.advance(50);
    expect(second.values).toEqual(['in']);
  });

  it.each<[string, () => void]>([
    ['missing', () => vi.stubGlobal('BroadcastChannel', undefined)],
    [
      'forbidden',
      () =>
        vi.stubGlobal(
          'BroadcastChannel',
          class {
            constructor() {
              throw new DOMException('no', 'SecurityError');
            }
          },
        ),
    ],
  ])('keeps its tokens if channels are %s', (_, breakChannels) => {
    const { now, open } = setUp();
    breakChannels();
    const { store, seen } = open();
    store.save(signIn(now));
    store.clear();
    expect(seen).toEqual([signIn(now), null]);
  });

  it('opens no channel and takes no lock without a page', () => {
    const { browser, channels, now, open } = setUp();
    vi.stubGlobal('document', undefined);
    const { store } = open();
    store.save(signIn(now));
    store.clear();
    expect(outcomeOf(store.exclusive?.(of('in')) ?? NEVER)).toEqual({ values: ['in'], isComplete: true });
    expect([channels.names, browser.locks.requests]).toEqual([[], []]);
  });

  it('touches no global before it is used', () => {
    const thrower = (): never => {
      throw new Error('touched');
    };
    for (const name of ['navigator', 'BroadcastChannel', 'document']) {
      vi.stubGlobal(name, new Proxy(() => {}, { get: thrower, apply: thrower, construct: thrower }));
    }
    const store: TokenStore = memoryStore(undefined, { name: 'shop' });
    expect([store.changes$, store.exclusive?.(of(1))]).toHaveLength(2);
    vi.unstubAllGlobals();
  });
});
