/** Keeps entries by their id in the order in which they came, and as many of those that are over as there is room for. */
export interface Shelf<Entry> {
  get(id: number): Entry | undefined;
  /** An entry that is over changes no more; when there is no room, the one that was over first leaves. */
  set(id: number, entry: Entry, isOver: boolean): void;
  /** An entry that is over from the beginning, and has no id. */
  add(entry: Entry): void;
  /** The entries; the same array until one changes. */
  read(): readonly Entry[];
  /** How many have left. */
  readonly dropped: number;
}

export const createShelf = <Entry>(limit: number): Shelf<Entry> => {
  const entries = new Map<number, Entry>();
  // In the order in which they ended. One walk leads through it for good: it starts at none that has left, so that no eviction searches.
  const over = new Set<number>();
  const leaving = over.values();
  let dropped = 0;
  let list: readonly Entry[] | undefined;

  const set = (id: number, entry: Entry, isOver: boolean): void => {
    list = undefined;
    entries.set(id, entry);
    if (isOver) over.add(id);
    if (entries.size <= limit || over.size === 0) return;
    const { value: first = id } = leaving.next();
    over.delete(first);
    entries.delete(first);
    dropped++;
  };

  return {
    get: (id) => entries.get(id),
    set,
    add: (entry) => set(entries.size + dropped, entry, true),
    read: () => {
      list ??= [...entries.values()];
      return list;
    },
    get dropped() {
      return dropped;
    },
  };
};
