import { AsyncSubject, finalize, first, map, merge, type Observable, Subject, Subscription } from 'rxjs';
import { type StateMachine, signedOutError } from '../state/machine';
import type { Binding } from '../state/session-state';
import type { External } from './store-memory';
import type { TokenStorage } from './token-storage';

/** Watches the store for writes of other sessions, tabs and processes. */
export interface StoreSync {
  /** Whether it has ended. */
  readonly isDestroyed: boolean;
  /**
   * Called at each use of the session. The first call subscribes to the store's changes. Each call reads the store if
   * it has changed. When the read ends, emits the binding for all requests that waited for it; errors with
   * `SignedOutError` on `interrupt` before that. Undefined if the read ended in this tick, or if there is nothing to
   * read.
   */
  check(): Observable<Binding | undefined> | undefined;
  /** Reads the store, whether it has changed or not. Emits when the read is applied, or given up after 5 s. */
  read(): Observable<unknown>;
  /** Applies the external change of a read that no request waits for. */
  apply(external: External): void;
  /** A session has begun or ended here: the requests that wait for a read belong to the previous session. */
  interrupt(): void;
  destroy(): void;
}

/**
 * @param onExternal - Called with the external change that a read has found.
 * @param wake$ - Emits when the store is read again, as a page that sleeps is not notified of changes.
 * @param onBegin - Called once, at the first use.
 */
export const createStoreSync = (
  machine: StateMachine,
  storage: TokenStorage,
  onExternal: (external: External) => void,
  wake$: Observable<unknown>,
  onBegin: () => void,
): StoreSync => {
  /** Undefined before the first use. */
  let subscription: Subscription | undefined;
  /** The read that is open, and one subject for all requests that wait for it in the same session. */
  let openRead:
    | { readonly done$: Observable<unknown>; readonly binding$?: Observable<Binding | undefined> }
    | undefined;

  const interrupts = new Subject<void>();
  const interrupted$ = interrupts.pipe(
    map(() => {
      throw signedOutError();
    }),
  );

  const apply = (external: External): void => {
    if (!subscription?.closed) onExternal(external);
  };

  const read = (): Observable<External> => {
    const external$ = storage.read();
    subscription?.add(external$.subscribe(apply));
    return external$;
  };

  const begin = (): boolean => {
    if (subscription) return false;
    subscription = new Subscription();
    onBegin();
    if (!storage.hasHints) return true;
    subscription.add(storage.hints$.subscribe(read));
    if (storage.canMissHints) subscription.add(wake$.subscribe(read));
    return true;
  };

  const readWithTimeout = (): void => {
    const done$ = new AsyncSubject<unknown>();
    openRead = { done$ };
    const end = (): void => {
      if (openRead?.done$ === done$) openRead = undefined;
    };
    subscription?.add(storage.withTimeout(read()).pipe(finalize(end)).subscribe(done$));
  };

  const wait = (): Observable<Binding | undefined> | undefined => {
    if (!openRead || openRead.binding$) return openRead?.binding$;
    const { done$ } = openRead;
    const binding$ = new AsyncSubject<Binding | undefined>();
    openRead = { done$, binding$ };
    merge(done$.pipe(map(() => machine.model.binding)), interrupted$)
      .pipe(first())
      .subscribe(binding$);
    return binding$;
  };

  return {
    get isDestroyed() {
      return !!subscription?.closed;
    },
    check: () => {
      const isFirst = begin();
      if (subscription?.closed) return undefined;
      const isUnseen = !storage.isSeen() || (isFirst && storage.hasHintsOnly);
      if (machine.state.status !== 'loading' && isUnseen) readWithTimeout();
      return wait();
    },
    read: () => storage.withTimeout(read()),
    apply,
    interrupt: () => {
      interrupts.next();
      openRead = openRead && { done$: openRead.done$ };
    },
    destroy: () => {
      subscription ??= new Subscription();
      subscription.unsubscribe();
    },
  };
};
