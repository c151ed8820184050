/** The methods of a `Storage` that the stores call. */
interface StorageLike {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The platform's `Storage`, if its declarations exist: projects for Node have none without `lib.dom`. */
export type PlatformStorage = typeof globalThis extends { Storage: { prototype: infer Declared } }
  ? Declared
  : StorageLike;
