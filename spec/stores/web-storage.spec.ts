import {
  type ApiEvent,
  createApi,
  createSession,
  type Session,
  type TokenStore,
  type Tokens,
  type WebStorageStoreOptions,
  webStorageStore,
} from 'renewal';
import { NEVER, of, Subject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { completedWith, outcomeOf, shownOf, unhandledBy } from '../support/http-client';
import { createStorage, namesIn } from '../support/http-storage';
import { ORIGIN, response } from '../support/virtual';
import { installBrowser } from '../support/virtual-tabs';
import { bare, full, itIsExclusive, itIsFollowed, itKeepsTokens } from './laws';

afterEach(() => {
  vi.unstubAllGlobals();
});

const thrower = (): never => {
  throw new Error('touched');
};

/** The size of a storage, as a browser counts it. */
const sizeOf = (storage: Storage): number =>
  namesIn(storage).reduce((size, name) => size + name.length + (storage.getItem(name) ?? '').length, 0);

const keys = { accessToken: 'token', refreshToken: 'refreshToken' };
const layouts: [string, WebStorageStoreOptions][] = [
  ['one entry', {}],
  ['two plain entries', { keys }],
];

describe.each(layouts)('webStorageStore, %s', (_, options) => {
  let storage = createStorage();
  const create = (): TokenStore => webStorageStore({ ...options, storage: () => storage });
  const reset = () => {
    storage = createStorage();
  };

  itKeepsTokens(create, reset);
  itIsFollowed(() => {
    reset();
    return create();
  });

  it('reads its version with one getItem', () => {
    reset();
    create().save(full);
    const read: string[] = [];
    const counted: Storage = Object.assign(Object.create(storage), {
      getItem: (key: string) => {
        read.push(key);
        return storage.getItem(key);
      },
    });
    const store = webStorageStore({ ...options, storage: () => counted });
    store.version?.();
    store.version?.();
    expect(read).toHaveLength(2);
    expect(new Set(read).size).toBe(1);
  });

  it.each([
    ['throws', thrower],
    ['is undefined', () => undefined],
    ['is a plain object', () => ({})],
  ])('has a constant version that never throws if the storage %s', (_how, open) => {
    const store = webStorageStore({ ...options, storage: open as () => Storage }); // what a platform may have
    expect(store.version?.()).toBe(store.version?.());
  });

  it('has another version after the page has written to the storage', () => {
    reset();
    const store = create();
    store.save(full);
    const before = store.version?.();
    storage.clear();
    expect(store.version?.()).not.toBe(before);
    expect(store.load()).toBeNull();
  });

  describe('beside another store of the same entry', () => {
    it('emits the writes of the other store, and has its version', () => {
      reset();
      const [one, other] = [create(), create()];
      const seen = outcomeOf(other.changes$ ?? of());
      one.save(full);
      one.clear();
      expect(seen.values).toEqual([full, null]);
      other.save(bare);
      expect(one.version?.()).toBe(other.version?.());
    });

    it('emits no writes of a store with another storage or another entry', () => {
      reset();
      const seen = outcomeOf(create().changes$ ?? of());
      webStorageStore({ ...options, storage: () => createStorage() }).save(full);
      const others = { accessToken: 'a', refreshToken: 'b' };
      for (const apart of [{ key: 'other' }, { keys: others }]) {
        webStorageStore({ ...apart, storage: () => storage }).save(full);
      }
      expect(seen.values).toEqual([]);
    });

    it('excludes the other store, even without Web Locks', () => {
      vi.stubGlobal('navigator', {});
      reset();
      const first = new Subject();
      outcomeOf(create().exclusive?.(first) ?? of());
      const second = outcomeOf(create().exclusive?.(of('in')) ?? of());
      const apart = webStorageStore({ ...options, storage: () => createStorage() });
      expect(outcomeOf(apart.exclusive?.(of('in')) ?? of()).values).toEqual(['in']);
      expect(second.values).toEqual([]);
      first.complete();
      expect(second.values).toEqual(['in']);
    });

    it('excludes itself even if each access returns another storage object', () => {
      vi.stubGlobal('navigator', {});
      const store = webStorageStore({ ...options, storage: () => createStorage() });
      const first = new Subject();
      outcomeOf(store.exclusive?.(first) ?? of());
      expect(outcomeOf(store.exclusive?.(of('in')) ?? of()).values).toEqual([]);
      first.complete();
    });
  });

  describe('in a full storage', () => {
    const before: Tokens = {
      accessToken: 'T1'.repeat(15),
      refreshToken: 'R1',
      expiresAtMs: 5,
      sessionId: 's1',
      revision: 1,
    };
    const after: Tokens = {
      accessToken: 'T2'.repeat(40),
      refreshToken: 'R2'.repeat(3),
      expiresAtMs: 9,
      sessionId: 's1',
      revision: 2,
    };

    /**
     * A store that holds `before`, and whose storage then has `spare` characters left. `reads` records what another tab
     * reads after each change.
     */
    const createFull = (spare: number, throws = false) => {
      reset();
      create().save(before);
      let room = spare + sizeOf(storage);
      const reads: unknown[] = [];
      const read = () => {
        try {
          reads.push(create().load());
        } catch {
          reads.push('not finished');
        }
      };
      const limited: Storage = Object.assign(Object.create(storage), {
        setItem: (key: string, value: string) => {
          if (throws || sizeOf(storage) - (storage.getItem(key) ?? '').length + value.length > room)
            throw new DOMException('full', 'QuotaExceededError');
          storage.setItem(key, value);
          read();
        },
        removeItem: (key: string) => {
          storage.removeItem(key);
          read();
        },
      });
      const store = webStorageStore({ ...options, storage: () => limited });
      return {
        store,
        reads,
        grow: () => {
          room = Infinity;
        },
      };
    };
    const kept = { accessToken: '', refreshToken: after.refreshToken, sessionId: 's1', revision: 2 };

    it('keeps the refresh token alone, and throws the error of the storage', () => {
      const { store } = createFull(0);
      const version = store.version?.();
      const seen = outcomeOf(store.changes$ ?? of());
      expect(() => store.save(after)).toThrow(expect.objectContaining({ name: 'QuotaExceededError' }));
      expect(create().load()).toEqual(kept);
      expect(store.version?.()).not.toBe(version);
      expect(seen.values).toEqual([kept]);
    });

    it('shows no other tab a spent refresh token as the new revision, nor a sign-out', () => {
      const { store, reads } = createFull(0);
      expect(() => store.save(after)).toThrow();
      for (const each of reads.slice(0, -1)) {
        if (each !== 'not finished') expect(each).toMatchObject({ accessToken: before.accessToken });
      }
      expect(reads.at(-1)).toEqual(kept);
    });

    it('stores all fields once there is room, and shows no sign-out until then', () => {
      const { store, reads, grow } = createFull(0);
      expect(() => store.save(after)).toThrow();
      reads.length = 0;
      grow();
      const next = { ...after, refreshToken: 'R3', revision: 3 };
      store.save(next);
      expect(reads.filter((each) => each !== 'not finished')).toEqual([next]);
      expect(create().load()).toEqual(next);
    });

    it('is empty if there is no room for the refresh token, or none to keep', () => {
      const { store } = createFull(0);
      expect(() => store.save({ ...after, refreshToken: 'R'.repeat(500) })).toThrow('full');
      expect(create().load()).toBeNull();
      expect(storage.length).toBe(0);
      const { store: other } = createFull(0);
      expect(() => other.save({ accessToken: 'T'.repeat(500), sessionId: 's1', revision: 2 })).toThrow('full');
      expect(storage.length).toBe(0);
    });

    it('is empty if nothing can be written', () => {
      const { store } = createFull(0, true);
      expect(() => store.save(after)).toThrow('full');
      expect(storage.length).toBe(0);
    });

    it('throws the first error if entries can be neither written nor removed', () => {
      reset();
      create().save(before);
      const failing: Storage = Object.assign(Object.create(storage), {
        setItem: () => {
          throw new DOMException('full', 'QuotaExceededError');
        },
        removeItem: thrower,
      });
      const store = webStorageStore({ ...options, storage: () => failing });
      expect(() => store.save(after)).toThrow('full');
      expect(() => store.clear()).toThrow('touched');
    });
  });

  describe('without Web Locks', () => {
    beforeEach(() => {
      vi.stubGlobal('navigator', {});
    });
    itIsExclusive(create);
  });

  it.each([-1, Number.NaN, '5', null])('throws a TypeError for lockTimeoutMs: %j', (lockTimeoutMs) => {
    const wrong = { ...options, lockTimeoutMs } as WebStorageStoreOptions; // what plain JavaScript may pass
    expect(() => webStorageStore(wrong)).toThrow(
      new TypeError('lockTimeoutMs: expected a number of milliseconds, 0 or more'),
    );
  });

  it.each([
    ['throws', thrower],
    ['is undefined', () => undefined],
    ['is a plain object', () => ({})],
  ])('takes no lock if the storage %s, as no other tab shares its tokens', (_how, open) => {
    const requested: string[] = [];
    vi.stubGlobal('navigator', {
      locks: {
        request: (name: string) => {
          requested.push(name);
          return new Promise(() => {});
        },
      },
    });
    const store = webStorageStore({ ...options, storage: open as () => Storage }); // what a platform may have
    const outcome = outcomeOf(store.exclusive?.(of('in')) ?? NEVER);
    expect(outcome).toEqual({ values: ['in'], isComplete: true });
    expect(requested).toEqual([]);
  });

  it('touches no global before a subscription', () => {
    for (const name of ['navigator', 'localStorage', 'addEventListener', 'BroadcastChannel', 'Storage']) {
      vi.stubGlobal(name, new Proxy(() => {}, { get: thrower, apply: thrower, construct: thrower }));
    }
    const store = webStorageStore(options);
    expect(store.changes$).toBeDefined();
    expect(store.exclusive?.(of(1))).toBeDefined();
  });

  it('shares its tokens with all stores over the same storage', () => {
    reset();
    create().save(full);
    expect(create().load()).toEqual(full);
    create().clear();
    expect(create().load()).toBeNull();
  });

  it('removes its own entries on clear, and no other entries', () => {
    storage = createStorage({ other: 'x' });
    const store = create();
    store.save(full);
    store.clear();
    expect(namesIn(storage)).toEqual(['other']);
  });

  it('calls storage at each access, and not before', () => {
    let calls = 0;
    const store = webStorageStore({
      ...options,
      storage: () => {
        calls++;
        return createStorage();
      },
    });
    expect(calls).toBe(0);
    store.load();
    store.load();
    expect(calls).toBe(2);
  });

  it('uses localStorage by default', () => {
    reset();
    vi.stubGlobal('localStorage', storage);
    webStorageStore(options).save(full);
    expect(create().load()).toEqual(full);
  });

  it('throws the errors of the storage', () => {
    const forbidden = new DOMException('The operation is insecure.', 'SecurityError');
    const store = webStorageStore({
      ...options,
      storage: () => {
        throw forbidden;
      },
    });
    expect(() => store.load()).toThrow(forbidden);
    expect(() => store.save(full)).toThrow(forbidden);
    expect(() => store.clear()).toThrow(forbidden);
  });
});

describe('webStorageStore, one entry', () => {
  it('writes an entry under its key', () => {
    const storage = createStorage();
    webStorageStore({ storage: () => storage }).save(full);
    webStorageStore({ storage: () => storage, key: 'mine' }).save(bare);
    expect(namesIn(storage)).toEqual(['mine', 'renewal']);
    expect(JSON.parse(storage.getItem('renewal') ?? '')).toEqual(full);
    expect(webStorageStore({ storage: () => storage, key: 'other' }).load()).toBeNull();
  });

  it.each(['', '{', '{"accessToken":"T1"', 'T1'])('throws for a broken entry: %j', (text) => {
    const storage = createStorage({ renewal: text });
    expect(() => webStorageStore({ storage: () => storage }).load()).toThrow();
  });
});

describe('webStorageStore, two plain entries', () => {
  it('writes the plain tokens, and other fields in a third entry', () => {
    const storage = createStorage();
    webStorageStore({ storage: () => storage, keys }).save(full);
    expect(namesIn(storage)).toEqual(['refreshToken', 'token', 'token.renewal']);
    expect([storage.getItem('token'), storage.getItem('refreshToken')]).toEqual(['T1', 'R1']);
    expect(storage.getItem('token.renewal')).not.toMatch(/T1|R1/);
  });

  it('removes the entry of the refresh token if the new tokens have none', () => {
    const storage = createStorage({ token: 'old', refreshToken: 'older' });
    webStorageStore({ storage: () => storage, keys }).save(bare);
    expect(namesIn(storage)).toEqual(['token', 'token.renewal']);
  });

  it.each([
    ['missing', undefined],
    ['broken', '{'],
    ['empty', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a number', '5'],
  ])('loads the two entries of an app if the third entry is %s', (_, rest) => {
    const entries = { token: 'T1', refreshToken: 'R1' };
    const storage = createStorage({ ...entries, ...(rest !== undefined && { 'token.renewal': rest }) });
    expect(webStorageStore({ storage: () => storage, keys }).load()).toEqual({
      accessToken: 'T1',
      refreshToken: 'R1',
      sessionId: '',
    });
  });

  it('is empty without an access token, or with an empty access token', () => {
    for (const token of [undefined, '']) {
      const storage = createStorage({ refreshToken: 'R1', 'token.renewal': '{"sessionId":"s"}' });
      if (token !== undefined) storage.setItem('token', token);
      expect(webStorageStore({ storage: () => storage, keys }).load()).toBeNull();
    }
  });

  it('keeps its session until another page writes the access token', () => {
    const storage = createStorage();
    const store = webStorageStore({ storage: () => storage, keys });
    const ann: Tokens = { ...full, revision: 3 };
    store.save(ann);
    storage.setItem('refreshToken', 'R9');
    expect(store.load()).toEqual({ ...ann, refreshToken: 'R9' });
    storage.setItem('token', 'T9');
    expect(store.load()).toEqual({ accessToken: 'T9', refreshToken: 'R9', sessionId: '' });
  });

  it('writes nothing while a page may be about to remove the access token', () => {
    const storage = createStorage();
    const store = webStorageStore({ storage: () => storage, keys });
    store.save({ ...full, revision: 3 });
    storage.removeItem('refreshToken');
    expect(() => store.load()).toThrow('a write is not finished');
    storage.removeItem('token');
    expect(store.load()).toBeNull();
  });

  it.each(['R1', 'R7'])(
    'loads the same access token, written after a clear, as a sign-in (beside %s)',
    (refreshToken) => {
      const storage = createStorage();
      const store = webStorageStore({ storage: () => storage, keys });
      store.save({ ...full, revision: 3 });
      storage.clear();
      if (refreshToken === 'R1') expect(store.load()).toBeNull();
      storage.setItem('token', 'T1');
      storage.setItem('refreshToken', refreshToken);
      expect(store.load()).toMatchObject({ accessToken: 'T1', refreshToken });
    },
  );

  it('loads no refresh token of a torn write before 250 ms have passed', async () => {
    const { storage, advance: pass } = installBrowser('HTTP 401');
    const store = webStorageStore({ storage: () => storage, keys });
    webStorageStore({ storage: () => storage, keys }).save({ ...full, revision: 3 });
    expect(store.load()).toMatchObject({ accessToken: 'T1', refreshToken: 'R1' });
    storage.setItem('refreshToken', 'R50');
    expect(() => store.load()).toThrow('a write is not finished');
    await pass(250);
    expect(store.load()).toMatchObject({ accessToken: 'T1', refreshToken: 'R50' });
  });

  it('ignores the third entry of an older version', () => {
    const storage = createStorage({
      token: 'T1',
      refreshToken: 'R1',
      'token.renewal': '{"expiresAtMs":5,"sessionId":"s1"}',
    });
    expect(webStorageStore({ storage: () => storage, keys }).load()).toEqual({
      accessToken: 'T1',
      refreshToken: 'R1',
      sessionId: '',
    });
  });

  /** Returns what another tab reads after each change of the storage. */
  const readsDuring = (run: (store: TokenStore) => void) => {
    const storage = createStorage();
    webStorageStore({ storage: () => storage, keys }).save({ ...full, revision: 1 });
    const reads: unknown[] = [];
    const read = () => reads.push(webStorageStore({ storage: () => storage, keys }).load());
    const watched: Storage = Object.assign(Object.create(storage), {
      setItem: (key: string, value: string) => {
        storage.setItem(key, value);
        read();
      },
      removeItem: (key: string) => {
        storage.removeItem(key);
        read();
      },
    });
    run(webStorageStore({ storage: () => watched, keys }));
    return reads;
  };

  it('shows other tabs the old access token until all new tokens are written', () => {
    const next: Tokens = { ...full, accessToken: 'T2', refreshToken: 'R2', revision: 2 };
    expect(readsDuring((store) => store.save(next))).toEqual([
      { ...full, refreshToken: 'R2', revision: 1 },
      { accessToken: 'T1', refreshToken: 'R2', sessionId: '' },
      next,
    ]);
  });

  it('shows other tabs no tokens from the first step of a sign-out', () => {
    expect(readsDuring((store) => store.clear())).toEqual([null, null, null]);
  });

  it('removes the other entries if one of them cannot be removed', () => {
    const storage = createStorage();
    const failing: Storage = Object.assign(Object.create(storage), {
      removeItem: (key: string) => {
        if (key === 'token') thrower();
        storage.removeItem(key);
      },
    });
    const store = webStorageStore({ storage: () => failing, keys });
    store.save(full);
    expect(() => store.clear()).toThrow('touched');
    expect(namesIn(storage)).toEqual(['token']);
  });
});

describe('changes$ of webStorageStore', () => {
  const setUp = (options: WebStorageStoreOptions) => {
    const browser = installBrowser('HTTP 401');
    browser.storage.clear();
    // Two tabs: each has its own object for the storage.
    const createTab = () => {
      const own: Storage = Object.create(browser.storage);
      return webStorageStore({ ...options, storage: () => own });
    };
    const [store, writer] = [createTab(), createTab()];
    const seen: unknown[] = [];
    const following = store.changes$?.subscribe((each) => seen.push(each));
    return { browser, writer, seen, following };
  };

  it.each(layouts)('emits the tokens of other tabs once for each write (%s)', async (_, options) => {
    const { browser, writer, seen, following } = setUp(options);
    await browser.advance(10);
    seen.length = 0;
    writer.save(full);
    await browser.advance(10);
    expect(seen).toEqual([full]);
    writer.save(bare);
    await browser.advance(10);
    writer.clear();
    await browser.advance(10);
    expect(seen).toEqual([full, bare, null]);
    following?.unsubscribe();
    writer.save(full);
    await browser.advance(10);
    expect(seen).toHaveLength(3);
  });

  it.each(layouts)('emits null if the storage is cleared, and nothing for other entries (%s)', async (_, options) => {
    const { browser, writer, seen, following } = setUp(options);
    writer.save(full);
    await browser.advance(10);
    seen.length = 0;
    browser.storage.setItem('other', 'x');
    await browser.advance(10);
    expect(seen).toEqual([]);
    browser.storage.clear();
    await browser.advance(10);
    expect(seen).toEqual([null]);
    following?.unsubscribe();
  });

  it.each(['{', 'x', ''])('emits nothing for a broken entry: %j', async (value) => {
    const { browser, seen, following } = setUp({});
    await browser.advance(10);
    seen.length = 0;
    browser.storage.setItem('renewal', value);
    await browser.advance(10);
    expect(seen).toEqual([]);
    following?.unsubscribe();
  });

  it('neither emits nor completes if the platform has no storage events', () => {
    const outcome = outcomeOf(webStorageStore().changes$ ?? of());
    expect(outcome).toEqual({ values: [] });
  });
});

describe('a session over webStorageStore', () => {
  interface Client {
    readonly session: Session;
    readonly warnings: string[];
    readonly events: ApiEvent[];
    get(): ReturnType<typeof outcomeOf>;
  }

  /** A client whose server rejects `T2`, and whose refresh grants `T3`. */
  const createClient = (store: TokenStore): Client => {
    const session = createSession({ store, refresh: () => of({ accessToken: 'T3', refreshToken: 'R3' }) });
    const api = createApi({
      baseUrl: ORIGIN,
      session,
      transport: ({ headers }) => {
        const token = `${headers.authorization}`;
        return of(response(token === 'Bearer T2' ? 401 : 200, token));
      },
    });
    const warnings: string[] = [];
    const events: ApiEvent[] = [];
    api.events$.subscribe((event) => {
      events.push(event);
      if (event.type === 'warning') warnings.push(event.message);
    });
    return { session, warnings, events, get: () => outcomeOf(api.get$('/a')) };
  };

  it.each(layouts)('is stored, and loaded by the next session (%s)', async (_, options) => {
    const storage = createStorage();
    const first = createClient(webStorageStore({ ...options, storage: () => storage }));
    await first.session.signIn({ accessToken: 'T2', refreshToken: 'R2' });
    expect(first.get()).toEqual(completedWith('Bearer T3'));
    const second = createClient(webStorageStore({ ...options, storage: () => storage }));
    expect(second.session.state).toEqual({ ...first.session.state, generation: expect.any(Number) });
    expect(second.get()).toEqual(completedWith('Bearer T3'));
    await second.session.signOut();
    expect(storage.length).toBe(0);
    expect([...first.warnings, ...second.warnings]).toEqual([]);
  });

  it.each(layouts)('works from memory, with a warning, if there is no localStorage (%s)', async (_, options) => {
    vi.stubGlobal('localStorage', undefined);
    const { session, warnings, get } = createClient(webStorageStore(options));
    expect(get()).toEqual(completedWith('undefined'));
    await session.signIn({ accessToken: 'T2', refreshToken: 'R2' });
    expect(get()).toEqual(completedWith('Bearer T3'));
    expect(get()).toEqual(completedWith('Bearer T3'));
    expect(warnings.length).toBeGreaterThan(0);
    await session.signOut();
    expect(get()).toEqual(completedWith('undefined'));
  });

  it.each(layouts)('works from memory, with a warning, if the storage is full (%s)', async (_, options) => {
    const full = createStorage();
    full.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    const { session, warnings, get } = createClient(webStorageStore({ ...options, storage: () => full }));
    await session.signIn({ accessToken: 'T2', refreshToken: 'R2' });
    expect(get()).toEqual(completedWith('Bearer T3'));
    expect(warnings).toEqual(['write: QuotaExceededError', 'write: QuotaExceededError']);
  });

  it.each(['{', '5', '"T1"', '[]', '{}', '{"accessToken":5}', '{"accessToken":"T1","refreshToken":{}}'])(
    'begins signed out if the entry is %s',
    (text) => {
      const storage = createStorage({ renewal: text });
      const { session, get } = createClient(webStorageStore({ storage: () => storage }));
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
      expect(get()).toEqual(completedWith('undefined'));
    },
  );

  const thrown: [string, unknown][] = [
    ['an error that quotes the token', new Error('hidden')],
    ['a string that quotes the token', 'hidden'],
    ['an array that quotes the token', ['hidden']],
    ['an object that quotes the token', { toString: () => 'hidden' }],
    ['undefined', undefined],
    ['null', null],
    ['a symbol', Symbol('hidden')],
    ['an object without a prototype', Object.create(null)],
  ];

  it.each(thrown)('goes on if its store throws %s, without quoting it', async (_, what) => {
    const fail = () => {
      throw what;
    };
    const all: Client[] = [];
    expect(unhandledBy(() => all.push(createClient({ load: fail, save: fail, clear: fail })))).toEqual([]);
    for (const { session, events, get } of all) {
      await expect(session.signIn({ accessToken: 'T2', refreshToken: 'R2' })).resolves.toBeUndefined();
      expect(get()).toEqual(completedWith('Bearer T3'));
      await expect(session.signOut()).resolves.toBeUndefined();
      expect(events.filter(({ type }) => type === 'warning').length).toBeGreaterThan(0);
      expect(shownOf(events)).not.toContain('hidden');
    }
  });
});
