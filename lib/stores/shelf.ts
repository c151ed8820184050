import { Subject } from 'rxjs';
import { createTurns, type Exclusive } from './turns';

/** What the stores of one page have in common if they keep their tokens in the same entry of the same storage. */
export interface Shelf {
  /** Emits after each write: a browser notifies only other pages of it. */
  readonly writes: Subject<void>;
  readonly exclusive: Exclusive;
}

const createShelf = (): Shelf => ({ writes: new Subject(), exclusive: createTurns() });

const shelves = /* @__PURE__ */ new WeakMap<object, Map<string, Shelf>>();

/** The shelf of that entry; one of its own if the storage cannot be opened. */
export const shelfOf = (open: () => object, entry: string): Shelf => {
  try {
    const storage = open();
    const named = shelves.get(storage) ?? new Map<string, Shelf>();
    shelves.set(storage, named);
    const shelf = named.get(entry) ?? createShelf();
    named.set(entry, shelf);
    return shelf;
  } catch {
    return createShelf();
  }
};
