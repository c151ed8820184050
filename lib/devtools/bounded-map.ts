/** Entries by id, in the order of insertion. Above its maximum size, it drops settled entries. */
export interface BoundedMap<Entry> {
  get(id: number): Entry | undefined;
  /**
   * Adds or replaces an entry. A settled entry does not change again. The entry that settled first is dropped first.
   */
  set(id: number, entry: Entry, isSettled: boolean): void;
  /** Adds a settled entry without an id. */
  add(entry: Entry): void;
  /** The entries. Returns the same array until an entry changes. */
  toArray(): readonly Entry[];
  /** Number of dropped entries. */
  readonly dropped: number;
}

export const createBoundedMap = <Entry>(maxEntries: number): BoundedMap<Entry> => {
  const entries = new Map<number, Entry>();
  // In the order of settling. One iterator serves all evictions, so that none searches past dropped entries.
  const settled = new Set<number>();
  const evictions = settled.values();
  let dropped = 0;
  let array: readonly Entry[] | undefined;

  const set = (id: number, entry: Entry, isSettled: boolean): void => {
    array = undefined;
    entries.set(id, entry);
    if (isSettled) settled.add(id);
    if (entries.size <= maxEntries || settled.size === 0) return;
    const { value: oldest = id } = evictions.next();
    settled.delete(oldest);
    entries.delete(oldest);
    dropped++;
  };

  return {
    get: (id) => entries.get(id),
    set,
    add: (entry) => set(entries.size + dropped, entry, true),
    toArray: () => {
      array ??= [...entries.values()];
      return array;
    },
    get dropped() {
      return dropped;
    },
  };
};
