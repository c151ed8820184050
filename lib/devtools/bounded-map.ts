/** Keeps entries by their id in the order in which they came, and as many of those that are over as there is room for. */
export interface BoundedMap<Entry> {
  get(id: number): Entry | undefined;
  /** An entry that is over changes no more; when there is no room, the one that was over first leaves. */
  set(id: number, entry: Entry, isSettled: boolean): void;
  /** An entry that is over from the beginning, and has no id. */
  add(entry: Entry): void;
  /** The entries; the same array until one changes. */
  toArray(): readonly Entry[];
  /** How many have left. */
  readonly dropped: number;
}

export const createBoundedMap = <Entry>(maxEntries: number): BoundedMap<Entry> => {
  const entries = new Map<number, Entry>();
  // In the order in which they ended. One walk leads through it for good: it starts at none that has left, so that no eviction searches.
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
