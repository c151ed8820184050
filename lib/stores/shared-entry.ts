import { Subject } from 'rxjs';
import { createMutex, type Mutex } from '../session/pending/limiter';
import { tryOrUndefined } from './try-or-undefined';

/** What the stores of one page have in common if they keep their tokens in the same entry of the same storage. */
export interface SharedEntry {
  /** Emits after each write: a browser notifies only other pages of it. */
  readonly writes: Subject<void>;
  readonly exclusive: Mutex;
}

const createSharedEntry = (): SharedEntry => ({ writes: new Subject(), exclusive: createMutex() });

const entries = /* @__PURE__ */ new WeakMap<object, Record<string, SharedEntry>>();

/** The shared entry of that name; a new one if the storage cannot be opened. */
export const sharedEntryOf = (open: () => object, name: `renewal:${string}`): SharedEntry =>
  tryOrUndefined(() => {
    const storage = open();
    const named = entries.get(storage) ?? {};
    entries.set(storage, named);
    named[name] ??= createSharedEntry();
    return named[name];
  }) ?? createSharedEntry();
