import { AsyncSubject, finalize, first, map, merge, type Observable, Subject, Subscription } from 'rxjs';
import { type StateMachine, signedOut } from '../state/machine';
import type { Binding } from '../state/session-state';
import type { External } from './store-memory';
import type { TokenStorage } from './token-storage';

/** Follows what others write to the store: other sessions of this page, other tabs, other processes. */
export interface StoreSync {
  /** Whether it has ended. */
  readonly isOver: boolean;
  /**
   * Called at each use of the session. The first call subscribes to the store's changes. Each call reads the store if
   * it has changed. When the store has answered, emits what all requests that have waited for it are bound to; errors
   * with `SignedOutError` on `interrupt` before that. Undefined if the answer came in this tick, or there is nothing to
   * read.
   */
  check(): Observable<Binding | undefined> | undefined;
  /** Applies what a read that nobody waits for has found. */
  apply(external: External): void;
  /** A session has begun or ended here: the requests that wait for a read belong to the session before. */
  interrupt(): void;
  end(): void;
}

/**
 * @param onExternal - Called with what a read has found.
 * @param wake$ - When to read the store again: a page that sleeps is not notified.
 * @param onBegin - Called once, before anything else.
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
      throw signedOut();
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
    get isOver() {
      return !!subscription?.closed;
    },
    check: () => {
      const isFirst = begin();
      if (subscription?.closed) return undefined;
      const isUnseen = !storage.isSeen() || (isFirst && storage.hasHintsOnly);
      if (machine.state.status !== 'loading' && isUnseen) readWithTimeout();
      return wait();
    },
    apply,
    interrupt: () => {
      interrupts.next();
      openRead = openRead && { done$: openRead.done$ };
    },
    end: () => {
      subscription ??= new Subscription();
      subscription.unsubscribe();
    },
  };
};
