import { Subject } from 'rxjs';
import { createMutex, type Mutex } from '../session/pending/limiter';
import { attempt } from './attempt';

/** What the stores of one page have in common if they keep their tokens in the same entry of the same storage. */
export interface Shelf {
  /** Emits after each write: a browser notifies only other pages of it. */
  readonly writes: Subject<void>;
  readonly exclusive: Mutex;
}

const createShelf = (): Shelf => ({ writes: new Subject(), exclusive: createMutex() });

const shelves = /* @__PURE__ */ new WeakMap<object, Record<string, Shelf>>();

/** The shelf of that name; one of its own if the storage cannot be opened. */
export const shelfOf = (open: () => object, name: `renewal:${string}`): Shelf =>
  attempt(() => {
    const storage = open();
    const named = shelves.get(storage) ?? {};
    shelves.set(storage, named);
    named[name] ??= createShelf();
    return named[name];
  }) ?? createShelf();
