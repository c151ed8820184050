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

/** The read that is open, and one subject for all requests that wait for it in the same session. */
interface OpenRead {
  readonly done$: Observable<unknown>;
  readonly binding$?: Observable<Binding | undefined>;
}

export class Sync implements StoreSync {
  readonly #machine: StateMachine;
  readonly #storage: TokenStorage;
  readonly #onExternal: (external: External) => void;
  readonly #wake$: Observable<unknown>;
  readonly #onBegin: () => void;
  /** Undefined before the first use. */
  #subscription: Subscription | undefined;
  #openRead: OpenRead | undefined;
  readonly #interrupts = new Subject<void>();

  constructor(
    machine: StateMachine,
    storage: TokenStorage,
    onExternal: (external: External) => void,
    wake$: Observable<unknown>,
    onBegin: () => void,
  ) {
    this.#machine = machine;
    this.#storage = storage;
    this.#onExternal = onExternal;
    this.#wake$ = wake$;
    this.#onBegin = onBegin;
  }

  get isDestroyed(): boolean {
    return !!this.#subscription?.closed;
  }

  check(): Observable<Binding | undefined> | undefined {
    const machine = this.#machine;
    const storage = this.#storage;
    const isFirst = this.#begin();
    if (this.isDestroyed) return undefined;
    const isUnseen = !storage.isSeen() || (isFirst && storage.hasHintsOnly);
    if (machine.state.status !== 'loading' && isUnseen) this.#readWithTimeout();
    return this.#wait();
  }

  read(): Observable<unknown> {
    return this.#storage.withTimeout(this.#read());
  }

  apply(external: External): void {
    if (!this.isDestroyed) this.#onExternal(external);
  }

  interrupt(): void {
    this.#interrupts.next();
    this.#openRead = this.#openRead && { done$: this.#openRead.done$ };
  }

  destroy(): void {
    this.#subscription ??= new Subscription();
    this.#subscription.unsubscribe();
  }

  #read(): Observable<External> {
    const external$ = this.#storage.read();
    this.#subscription?.add(external$.subscribe((external) => this.apply(external)));
    return external$;
  }

  #begin(): boolean {
    if (this.#subscription) return false;
    const storage = this.#storage;
    const subscription = new Subscription();
    this.#subscription = subscription;
    this.#onBegin();
    if (!storage.hasHints) return true;
    const read = () => this.#read();
    subscription.add(storage.listen(read));
    if (storage.canMissHints) subscription.add(this.#wake$.subscribe(read));
    return true;
  }

  #readWithTimeout(): void {
    const done$ = new AsyncSubject<unknown>();
    this.#openRead = { done$ };
    const end = (): void => {
      if (this.#openRead?.done$ === done$) this.#openRead = undefined;
    };
    this.#subscription?.add(this.read().pipe(finalize(end)).subscribe(done$));
  }

  #wait(): Observable<Binding | undefined> | undefined {
    if (!this.#openRead || this.#openRead.binding$) return this.#openRead?.binding$;
    const { done$ } = this.#openRead;
    const binding$ = new AsyncSubject<Binding | undefined>();
    this.#openRead = { done$, binding$ };
    const interrupted$ = this.#interrupts.pipe(
      map(() => {
        throw signedOutError();
      }),
    );
    merge(done$.pipe(map(() => this.#machine.model.binding)), interrupted$)
      .pipe(first())
      .subscribe(binding$);
    return binding$;
  }
}
