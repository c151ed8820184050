/** A `Storage` in memory. */
export const createStorage = (initial: Readonly<Record<string, string>> = {}): Storage => {
  const entries = new Map(Object.entries(initial));
  return {
    get length() {
      return entries.size;
    },
    clear: () => entries.clear(),
    getItem: (key) => entries.get(key) ?? null,
    key: (index) => [...entries.keys()][index] ?? null,
    removeItem: (key) => {
      entries.delete(key);
    },
    setItem: (key, value) => {
      entries.set(key, `${value}`);
    },
  };
};

/** The keys of a storage, in alphabetical order. */
export const namesIn = (storage: Storage): string[] =>
  Array.from({ length: storage.length }, (_, index) => `${storage.key(index)}`).sort();
