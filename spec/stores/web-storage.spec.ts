import {
  type ApiEvent,
  createApi,
  createSession,
  type Session,
  type TokenStore,
  type WebStorageStoreOptions,
  webStorageStore,
} from 'renewal';
import { NEVER, of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { answered, outcomeOf, shownOf, unhandledBy } from '../support/http-client';
import { createStorage, namesIn } from '../support/http-storage';
import { ORIGIN, response } from '../support/virtual';
import { installBrowser } from '../support/virtual-tabs';
import { bare, full, itIsExclusive, itKeepsTokens } from './laws';

afterEach(() => {
  vi.unstubAllGlobals();
});

const thrower = (): never => {
  throw new Error('touched');
};

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

  describe('where there are no Web Locks', () => {
    beforeEach(() => {
      vi.stubGlobal('navigator', {});
    });
    itIsExclusive(create);
  });

  it.each([-1, Number.NaN, '5', null])('refuses lockTimeoutMs: %j', (lockTimeoutMs) => {
    const wrong = { ...options, lockTimeoutMs } as WebStorageStoreOptions; // what plain JavaScript may pass
    expect(() => webStorageStore(wrong)).toThrow(
      new TypeError('lockTimeoutMs: expected a number of milliseconds, 0 or more'),
    );
  });

  it.each([
    ['throws', thrower],
    ['is none', () => undefined],
    ['is one in name only', () => ({})],
  ])('waits for no one where the storage %s: it shares its tokens with no one, as on a server', (_how, open) => {
    const asked: string[] = [];
    vi.stubGlobal('navigator', {
      locks: {
        request: (name: string) => {
          asked.push(name);
          return new Promise(() => {});
        },
      },
    });
    const store = webStorageStore({ ...options, storage: open as () => Storage }); // what a platform may have
    const outcome = outcomeOf(store.exclusive?.(of('in')) ?? NEVER);
    expect(outcome).toEqual({ values: ['in'], isComplete: true });
    expect(asked).toEqual([]);
  });

  it('touches no global before someone subscribes', () => {
    for (const name of ['navigator', 'localStorage', 'addEventListener', 'BroadcastChannel', 'Storage']) {
      vi.stubGlobal(name, new Proxy(() => {}, { get: thrower, apply: thrower, construct: thrower }));
    }
    const store = webStorageStore(options);
    expect(store.changes$).toBeDefined();
    expect(store.exclusive?.(of(1))).toBeDefined();
  });

  it('shows what one has written to all who use the same storage', () => {
    reset();
    create().save(full);
    expect(create().load()).toEqual(full);
    create().clear();
    expect(create().load()).toBeNull();
  });

  it('leaves nothing behind once it is cleared, and what belongs to others alone', () => {
    storage = createStorage({ other: 'x' });
    const store = create();
    store.save(full);
    store.clear();
    expect(namesIn(storage)).toEqual(['other']);
  });

  it('asks for the storage each time, and not before it is needed', () => {
    let asked = 0;
    const store = webStorageStore({
      ...options,
      storage: () => {
        asked++;
        return createStorage();
      },
    });
    expect(asked).toBe(0);
    store.load();
    store.load();
    expect(asked).toBe(2);
  });

  it('takes localStorage where it is given none', () => {
    reset();
    vi.stubGlobal('localStorage', storage);
    webStorageStore(options).save(full);
    expect(create().load()).toEqual(full);
  });

  it('throws what the storage throws', () => {
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
  it('writes one, under the key that it is given', () => {
    const storage = createStorage();
    webStorageStore({ storage: () => storage }).save(full);
    webStorageStore({ storage: () => storage, key: 'mine' }).save(bare);
    expect(namesIn(storage)).toEqual(['mine', 'renewal']);
    expect(JSON.parse(storage.getItem('renewal') ?? '')).toEqual(full);
    expect(webStorageStore({ storage: () => storage, key: 'other' }).load()).toBeNull();
  });

  it.each(['', '{', '{"accessToken":"T1"', 'T1'])('throws for an entry that is broken: %j', (text) => {
    const storage = createStorage({ renewal: text });
    expect(() => webStorageStore({ storage: () => storage }).load()).toThrow();
  });
});

describe('webStorageStore, two plain entries', () => {
  it('writes the tokens as they are, and the rest beside them', () => {
    const storage = createStorage();
    webStorageStore({ storage: () => storage, keys }).save(full);
    expect(namesIn(storage)).toEqual(['refreshToken', 'token', 'token.renewal']);
    expect([storage.getItem('token'), storage.getItem('refreshToken')]).toEqual(['T1', 'R1']);
    expect(storage.getItem('token.renewal')).not.toMatch(/T1|R1/);
  });

  it('removes the refresh token where there is none any more', () => {
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
  ])('loads what an app already has, also where the third entry is %s', (_, rest) => {
    const entries = { token: 'T1', refreshToken: 'R1' };
    const storage = createStorage({ ...entries, ...(rest !== undefined && { 'token.renewal': rest }) });
    expect(webStorageStore({ storage: () => storage, keys }).load()).toEqual({
      accessToken: 'T1',
      refreshToken: 'R1',
      sessionId: '',
    });
  });

  it('is empty without an access token', () => {
    const storage = createStorage({ refreshToken: 'R1', 'token.renewal': '{"sessionId":"s"}' });
    expect(webStorageStore({ storage: () => storage, keys }).load()).toBeNull();
  });
});

describe('changes$', () => {
  const setUp = (options: WebStorageStoreOptions) => {
    const browser = installBrowser('HTTP 401');
    browser.storage.clear();
    const store = webStorageStore({ ...options, storage: () => browser.storage });
    const writer = webStorageStore({ ...options, storage: () => browser.storage });
    const seen: unknown[] = [];
    const following = store.changes$?.subscribe((each) => seen.push(each));
    return { browser, writer, seen, following };
  };

  it.each(layouts)('tells what others have written, whole and once for each write (%s)', async (_, options) => {
    const { browser, writer, seen, following } = setUp(options);
    await browser.pass(10);
    seen.length = 0;
    writer.save(full);
    await browser.pass(10);
    expect(seen).toEqual([full]);
    writer.save(bare);
    await browser.pass(10);
    writer.clear();
    await browser.pass(10);
    expect(seen).toEqual([full, bare, null]);
    following?.unsubscribe();
    writer.save(full);
    await browser.pass(10);
    expect(seen).toHaveLength(3);
  });

  it.each(layouts)('tells that the storage was cleared, and nothing of entries of others (%s)', async (_, options) => {
    const { browser, writer, seen, following } = setUp(options);
    writer.save(full);
    await browser.pass(10);
    seen.length = 0;
    browser.storage.setItem('other', 'x');
    await browser.pass(10);
    expect(seen).toEqual([]);
    browser.storage.clear();
    await browser.pass(10);
    expect(seen).toEqual([null]);
    following?.unsubscribe();
  });

  it.each(['{', 'x', ''])('tells nothing of an entry that is broken: %j', async (value) => {
    const { browser, seen, following } = setUp({});
    await browser.pass(10);
    seen.length = 0;
    browser.storage.setItem('renewal', value);
    await browser.pass(10);
    expect(seen).toEqual([]);
    following?.unsubscribe();
  });

  it('is silent where there are no events, and never ends', () => {
    const outcome = outcomeOf(webStorageStore().changes$ ?? of());
    expect(outcome).toEqual({ values: [] });
  });
});

describe('a session', () => {
  interface Client {
    readonly session: Session;
    readonly warnings: string[];
    readonly events: ApiEvent[];
    get(): ReturnType<typeof outcomeOf>;
  }

  /** A client whose server takes `T2` for dead, and whose refresh brings `T3`. */
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

  it.each(layouts)('is stored, and found again by the next one (%s)', async (_, options) => {
    const storage = createStorage();
    const first = createClient(webStorageStore({ ...options, storage: () => storage }));
    await first.session.signIn({ accessToken: 'T2', refreshToken: 'R2' });
    expect(first.get()).toEqual(answered('Bearer T3'));
    const second = createClient(webStorageStore({ ...options, storage: () => storage }));
    expect(second.session.state).toEqual({ ...first.session.state, generation: expect.any(Number) });
    expect(second.get()).toEqual(answered('Bearer T3'));
    await second.session.signOut();
    expect(storage.length).toBe(0);
    expect([...first.warnings, ...second.warnings]).toEqual([]);
  });

  it.each(layouts)('works from memory, and says so, where there is no localStorage (%s)', async (_, options) => {
    vi.stubGlobal('localStorage', undefined);
    const { session, warnings, get } = createClient(webStorageStore(options));
    expect(get()).toEqual(answered('undefined'));
    await session.signIn({ accessToken: 'T2', refreshToken: 'R2' });
    expect(get()).toEqual(answered('Bearer T3'));
    expect(get()).toEqual(answered('Bearer T3'));
    expect(warnings.length).toBeGreaterThan(0);
    await session.signOut();
    expect(get()).toEqual(answered('undefined'));
  });

  it.each(layouts)('works from memory, and says so, where the storage is full (%s)', async (_, options) => {
    const full = createStorage();
    full.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    const { session, warnings, get } = createClient(webStorageStore({ ...options, storage: () => full }));
    await session.signIn({ accessToken: 'T2', refreshToken: 'R2' });
    expect(get()).toEqual(answered('Bearer T3'));
    expect(warnings).toEqual(['write: QuotaExceededError', 'write: QuotaExceededError']);
  });

  it.each(['{', '5', '"T1"', '[]', '{}', '{"accessToken":5}', '{"accessToken":"T1","refreshToken":{}}'])(
    'begins signed out where the entry holds %s',
    (text) => {
      const storage = createStorage({ renewal: text });
      const { session, get } = createClient(webStorageStore({ storage: () => storage }));
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
      expect(get()).toEqual(answered('undefined'));
    },
  );

  const thrown: [string, unknown][] = [
    ['an error that quotes the token', new Error('hidden')],
    ['a text that quotes the token', 'hidden'],
    ['a list that quotes the token', ['hidden']],
    ['an object that quotes the token', { toString: () => 'hidden' }],
    ['nothing', undefined],
    ['null', null],
    ['a symbol', Symbol('hidden')],
    ['an object that has no text', Object.create(null)],
  ];

  it.each(thrown)('goes on where its store throws %s, and quotes it not', async (_, what) => {
    const fail = () => {
      throw what;
    };
    const all: Client[] = [];
    expect(unhandledBy(() => all.push(createClient({ load: fail, save: fail, clear: fail })))).toEqual([]);
    for (const { session, events, get } of all) {
      await expect(session.signIn({ accessToken: 'T2', refreshToken: 'R2' })).resolves.toBeUndefined();
      expect(get()).toEqual(answered('Bearer T3'));
      await expect(session.signOut()).resolves.toBeUndefined();
      expect(events.filter(({ type }) => type === 'warning').length).toBeGreaterThan(0);
      expect(shownOf(events)).not.toContain('hidden');
    }
  });
});
