import { Subject } from 'rxjs';
import { createMutex, type Mutex } from '../session/pending/limiter';
import { tryOrUndefined } from './try-or-undefined';

/** The state that the stores of one page share if they use the same entry of the same storage. */
export interface SharedEntry {
  /** Emits after each write, as browsers dispatch storage events only to other pages. */
  readonly writes: Subject<void>;
  readonly exclusive: Mutex;
}

const createSharedEntry = (): SharedEntry => ({ writes: new Subject(), exclusive: createMutex() });

const entries = /* @__PURE__ */ new WeakMap<object, Record<string, SharedEntry>>();

/** Returns the shared entry of that name; a new entry if the storage cannot be opened. */
export const sharedEntryOf = (open: () => object, name: `renewal:${string}`): SharedEntry =>
  tryOrUndefined(() => {
    const storage = open();
    const named = entries.get(storage) ?? {};
    entries.set(storage, named);
    named[name] ??= createSharedEntry();
    return named[name];
  }) ?? createSharedEntry();
