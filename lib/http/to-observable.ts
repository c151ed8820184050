import { defer, from, Observable, type ObservableInput, observable, of } from 'rxjs';
import { hasMethod } from './options';

/** The `Observable` of a platform (https://wicg.github.io/observable), which RxJS 7 does not know: a signal unsubscribes it. */
interface NativeObservable<T> {
  subscribe(
    observer: { next(value: T): void; error(error: unknown): void; complete(): void },
    options: { signal: AbortSignal },
  ): unknown;
}

/** An object that can be subscribed to, and not by the protocol that RxJS knows. */
const isNative = <T>(input: unknown): input is NativeObservable<T> =>
  hasMethod(input, 'subscribe') && !hasMethod(input, observable);

const fromNative = <T>(native: NativeObservable<T>): Observable<T> =>
  new Observable((subscriber) => {
    // biome-ignore lint/plugin: a platform that has such an Observable has this too.
    const controller = new AbortController();
    subscriber.add(() => controller.abort());
    const subscription = native.subscribe(
      {
        next: (value) => subscriber.next(value),
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      },
      { signal: controller.signal },
    );
    // An `Observable` of another library returns what unsubscribes it.
    if (hasMethod(subscription, 'unsubscribe')) subscriber.add(() => Object(subscription).unsubscribe());
  });

/**
 * What a function of the caller's has returned, as an observable; a native `Observable` is taken too. Throws a `TypeError` that names the function if it
 * is none: RxJS would take a text for its letters.
 */
export const toObservable = <T>(name: string, input: ObservableInput<T>): Observable<T> => {
  // Most are.
  if (input instanceof Observable) return input;
  if (isNative<T>(input)) return fromNative(input);
  try {
    if (typeof input !== 'string') return from(input);
  } catch {}
  throw new TypeError(`${name}: expected it to return an Observable, a Promise or an iterable`);
};

/** Calls a function of the caller's or the platform's; emits what it returned, in the same tick unless that is a promise. */
export const invoke$ = <T>(call: () => T | PromiseLike<T>): Observable<T> =>
  defer(() => {
    const result = call();
    // What has no `then` is no promise, so it is the value itself.
    return hasMethod(result, 'then') ? from(result as PromiseLike<T>) : of(result as T);
  });
