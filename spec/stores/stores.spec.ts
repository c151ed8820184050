import { memoryStore, type TokenStore, type Tokens, webStorageStore } from 'renewal';
import { EMPTY, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';

const createStorage = (): Storage => {
  const entries = new Map<string, string>();
  return {
    get length() {
      return entries.size;
    },
    clear: () => entries.clear(),
    getItem: (key) => entries.get(key) ?? null,
    key: (index) => [...entries.keys()][index] ?? null,
    removeItem: (key) => void entries.delete(key),
    setItem: (key, value) => void entries.set(key, `${value}`),
  };
};

const plain = { accessToken: 'token', refreshToken: 'refreshToken' };
const full: Tokens = { accessToken: 'T1', refreshToken: 'R1', expiresAtMs: 5, sessionId: 's' };
const bare: Tokens = { accessToken: 'T2', sessionId: 's' };

/** What holds of every store. */
describe.each([
  ['memoryStore', () => memoryStore()],
  ['webStorageStore, one entry', () => webStorageStore({ storage: () => storage })],
  ['webStorageStore, plain entries', () => webStorageStore({ storage: () => storage, keys: plain })],
] as const)('%s', (_, create) => {
  const fresh = (): TokenStore => {
    storage = createStorage();
    return create();
  };

  it('is empty at first', async () => {
    expect(await fresh().load()).toBeNull();
  });

  it.each([full, bare])('gives back what it was given', async (tokens) => {
    const store = fresh();
    await store.save(tokens);
    expect(await store.load()).toMatchObject(tokens);
  });

  it('keeps nothing of what was there before', async () => {
    const store = fresh();
    await store.save(full);
    await store.save(bare);
    const { refreshToken, expiresAtMs } = { ...(await store.load()) };
    expect([refreshToken ?? undefined, expiresAtMs]).toEqual([undefined, undefined]);
  });

  it('is empty once it is cleared', async () => {
    const store = fresh();
    await store.save(full);
    await store.clear();
    expect(await store.load()).toBeNull();
    expect(storage.length).toBe(0);
  });
});

let storage = createStorage();

describe('webStorageStore', () => {
  it('keeps plain entries that an app already has', async () => {
    storage = createStorage();
    storage.setItem('token', 'old');
    storage.setItem('refreshToken', 'older');
    const store = webStorageStore({ storage: () => storage, keys: plain });
    expect(await store.load()).toMatchObject({ accessToken: 'old', refreshToken: 'older' });
    await store.save(full);
    expect([storage.getItem('token'), storage.getItem('refreshToken')]).toEqual(['T1', 'R1']);
  });

  it('refuses an entry that is broken, rather than taking it for empty', () => {
    storage = createStorage();
    storage.setItem('renewal', '{"accessToken":');
    expect(() => webStorageStore({ storage: () => storage }).load()).toThrow(SyntaxError);
  });

  it('does without a third entry that is missing or broken', async () => {
    for (const rest of [undefined, '{', 'null', '[]']) {
      storage = createStorage();
      storage.setItem('token', 'T1');
      if (rest) storage.setItem('token.renewal', rest);
      expect(await webStorageStore({ storage: () => storage, keys: plain }).load()).toMatchObject({
        accessToken: 'T1',
      });
    }
  });

  it('keeps apart what has another key', async () => {
    storage = createStorage();
    webStorageStore({ storage: () => storage, key: 'one' }).save(full);
    expect(await webStorageStore({ storage: () => storage, key: 'other' }).load()).toBeNull();
  });
});

describe('memoryStore', () => {
  it('begins with a grant, and refuses one that is malformed', async () => {
    expect(await memoryStore({ accessToken: 'T1', refreshToken: 'R1' }).load()).toMatchObject({ accessToken: 'T1' });
    expect(() => memoryStore({ accessToken: '' })).toThrow(TypeError);
  });

  describe('exclusive', () => {
    const alone = <T>(store: TokenStore, work: Observable<T>): Observable<T> => store.exclusive?.(work) ?? EMPTY;

    /** Work that says when it begins and ends, and lasts until `end$` ends it. */
    const work = (name: string, log: string[], end$: Observable<unknown>): Observable<unknown> =>
      new Observable((subscriber) => {
        log.push(`${name} begins`);
        subscriber.add(end$.subscribe(subscriber));
        return () => log.push(`${name} ends`);
      });

    it('runs one work after the other, in the order they came', () => {
      const store = memoryStore();
      const log: string[] = [];
      const [first, second] = [new Subject(), new Subject()];
      alone(store, work('a', log, first)).subscribe();
      alone(store, work('b', log, second)).subscribe();
      alone(store, work('c', log, EMPTY)).subscribe();
      expect(log).toEqual(['a begins']);
      first.complete();
      second.complete();
      expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    });

    it('lets the next one run when one errors or is unsubscribed', () => {
      const store = memoryStore();
      const log: string[] = [];
      alone(
        store,
        work(
          'a',
          log,
          throwError(() => new Error('x')),
        ),
      ).subscribe({ error: () => {} });
      const running = alone(store, work('b', log, NEVER)).subscribe();
      alone(store, work('c', log, of(1))).subscribe();
      running.unsubscribe();
      expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    });

    it('never runs one that left before its turn', () => {
      const store = memoryStore();
      const log: string[] = [];
      const first = new Subject();
      alone(store, work('a', log, first)).subscribe();
      const waiting = alone(store, work('b', log, EMPTY)).subscribe();
      alone(store, work('c', log, EMPTY)).subscribe();
      waiting.unsubscribe();
      first.complete();
      expect(log).toEqual(['a begins', 'a ends', 'c begins', 'c ends']);
    });
  });
});
