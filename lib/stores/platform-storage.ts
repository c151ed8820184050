/** What a storage has to do. */
interface StorageLike {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The platform's `Storage`, as far as its declarations are there: projects for Node have none without `lib.dom`. */
export type PlatformStorage = typeof globalThis extends { Storage: { prototype: infer Declared } }
  ? Declared
  : StorageLike;
