import type { Observable } from 'rxjs';

interface NativeObserver {
  next?(value: unknown): void;
  error?(error: unknown): void;
  complete?(): void;
}

interface NativeSubscriber {
  next(value: unknown): void;
  error(error: unknown): void;
  complete(): void;
  addTeardown(teardown: () => void): void;
  readonly active: boolean;
  readonly signal: AbortSignal;
}

/**
 * What https://wicg.github.io/observable specifies of `subscribe`: no `pipe`, no `Symbol.observable`, no return value.
 * Only the signal unsubscribes it. Values after the end are dropped.
 */
class NativeObservable {
  constructor(readonly work: (subscriber: NativeSubscriber) => void) {}

  subscribe(observer: NativeObserver = {}, { signal }: { signal?: AbortSignal } = {}): undefined {
    const controller = new AbortController();
    const { signal: own } = controller;
    const close = (): void => controller.abort();
    signal?.addEventListener('abort', close, { once: true, signal: own });
    if (signal?.aborted) close();
    const unlessClosed = (notify: () => void, isLast: boolean): void => {
      if (own.aborted) return;
      if (isLast) close();
      notify();
    };
    const subscriber: NativeSubscriber = {
      next: (value) => unlessClosed(() => observer.next?.(value), false),
      error: (error) => unlessClosed(() => observer.error?.(error), true),
      complete: () => unlessClosed(() => observer.complete?.(), true),
      addTeardown: (teardown) => (own.aborted ? teardown() : own.addEventListener('abort', teardown, { once: true })),
      get active() {
        return !own.aborted;
      },
      signal: own,
    };
    if (own.aborted) return;
    try {
      this.work(subscriber);
    } catch (error) {
      subscriber.error(error);
    }
  }
}

/** A native Observable, with the type that it is taken for: RxJS does not type what it does not know. */
export const native = <T>(work: (subscriber: NativeSubscriber) => void): Observable<T> =>
  new NativeObservable(work) as unknown as Observable<T>;

/** Emits one value and completes. */
export const nativeOf = <T>(value: unknown): Observable<T> =>
  native((subscriber) => {
    subscriber.next(value);
    subscriber.complete();
  });
