import { memoryStore, webStorageStore } from 'renewal';
import { storeLaws } from 'renewal/testing';
import { describe, expect, it } from 'vitest';
import { BROKEN_STORES } from './broken-stores';
import { failuresOf } from './failures-of';

storeLaws('memoryStore', () => memoryStore(), { describe, it });

let named = 0;
storeLaws('a named memoryStore', () => memoryStore(undefined, { name: `laws-${++named}` }), { describe, it });

/** The shared place of two stores over one storage, as two tabs have. */
const createStorage = (): Storage => {
  const entries = new Map<string, string>();
  return {
    get length() {
      return entries.size;
    },
    key: (index) => [...entries.keys()][index] ?? null,
    clear: () => entries.clear(),
    getItem: (key) => entries.get(key) ?? null,
    removeItem: (key) => entries.delete(key),
    setItem: (key, value) => entries.set(key, value),
  };
};

storeLaws(
  'webStorageStore',
  () => {
    const storage = createStorage();
    return webStorageStore({ storage: () => storage });
  },
  { describe, it },
);

storeLaws(
  'two webStorageStores of a page',
  () => {
    const storage = createStorage();
    return [webStorageStore({ storage: () => storage }), webStorageStore({ storage: () => storage })];
  },
  { describe, it },
);

storeLaws(
  'webStorageStore with two entries',
  () => {
    const storage = createStorage();
    return webStorageStore({ storage: () => storage, keys: { accessToken: 'a', refreshToken: 'r' } });
  },
  { describe, it },
);

describe('storeLaws', () => {
  it.concurrent.each(BROKEN_STORES)(
    'is red for a store that %s',
    async (_name, said, make) => {
      const failures = await failuresOf((runner) => storeLaws('broken', make, runner));
      expect(failures.join('\n')).toMatch(said);
    },
    20_000,
  );
});
