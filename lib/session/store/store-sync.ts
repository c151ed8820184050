import { AsyncSubject, finalize, first, map, merge, type Observable, Subject, Subscription } from 'rxjs';
import { type StateMachine, signedOut } from '../state/machine';
import type { Binding } from '../state/session-state';
import type { External } from './store-memory';
import type { TokenStorage } from './token-storage';

/** Follows what others write to the store: other sessions of this page, other tabs, other processes. */
export interface StoreSync {
  /** Whether it has ended. */
  readonly isDestroyed: boolean;
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
 * @param follow - Called with what a read has found.
 * @param wake$ - When to read the store again: a page that sleeps is not notified.
 * @param onBegin - Called once, before anything else.
 */
export const createStoreSync = (
  machine: StateMachine,
  storage: TokenStorage,
  follow: (external: External) => void,
  wake$: Observable<unknown>,
  onBegin: () => void,
): StoreSync => {
  /** Undefined before the first use. */
  let following: Subscription | undefined;
  /** The read that is open, and one subject for all requests that wait for it in the same session. */
  let open: { readonly done$: Observable<unknown>; readonly binding$?: Observable<Binding | undefined> } | undefined;

  const interrupts = new Subject<void>();
  const interrupted$ = interrupts.pipe(
    map(() => {
      throw signedOut();
    }),
  );

  const apply = (external: External): void => {
    if (!following?.closed) follow(external);
  };

  const read = (): Observable<External> => {
    const external$ = storage.read();
    following?.add(external$.subscribe(apply));
    return external$;
  };

  const begin = (): boolean => {
    if (following) return false;
    following = new Subscription();
    onBegin();
    if (!storage.hasHints) return true;
    following.add(storage.hints$.subscribe(read));
    if (storage.canMissHints) following.add(wake$.subscribe(read));
    return true;
  };

  const readInTime = (): void => {
    const done$ = new AsyncSubject<unknown>();
    open = { done$ };
    const end = (): void => {
      if (open?.done$ === done$) open = undefined;
    };
    following?.add(storage.withTimeout(read()).pipe(finalize(end)).subscribe(done$));
  };

  const wait = (): Observable<Binding | undefined> | undefined => {
    if (!open || open.binding$) return open?.binding$;
    const { done$ } = open;
    const binding$ = new AsyncSubject<Binding | undefined>();
    open = { done$, binding$ };
    merge(done$.pipe(map(() => machine.model.binding)), interrupted$)
      .pipe(first())
      .subscribe(binding$);
    return binding$;
  };

  return {
    get isDestroyed() {
      return !!following?.closed;
    },
    check: () => {
      const isFirst = begin();
      if (following?.closed) return undefined;
      const isUnseen = !storage.isSeen() || (isFirst && storage.hasHintsOnly);
      if (machine.state.status !== 'loading' && isUnseen) readInTime();
      return wait();
    },
    apply,
    interrupt: () => {
      interrupts.next();
      open = open && { done$: open.done$ };
    },
    end: () => {
      following ??= new Subscription();
      following.unsubscribe();
    },
  };
};
