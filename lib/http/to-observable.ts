import { defer, from, Observable, type ObservableInput, observable, of } from 'rxjs';
import { hasMethod } from './options';

/**
 * The native `Observable` (https://wicg.github.io/observable), which RxJS 7 does not know: a signal unsubscribes it.
 */
interface NativeObservable<T> {
  subscribe(
    observer: { next(value: T): void; error(error: unknown): void; complete(): void },
    options: { signal: AbortSignal },
  ): unknown;
}

/** Whether the object has `subscribe`, but not the interop protocol of RxJS. */
const isNative = <T>(input: unknown): input is NativeObservable<T> =>
  hasMethod(input, 'subscribe') && !hasMethod(input, observable);

const fromNative = <T>(native: NativeObservable<T>): Observable<T> =>
  new Observable((subscriber) => {
    // biome-ignore lint/plugin: a platform with a native Observable has AbortController too.
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
    // An `Observable` of another library returns a subscription.
    if (hasMethod(subscription, 'unsubscribe')) subscriber.add(() => Object(subscription).unsubscribe());
  });

/**
 * Converts the return value of a caller's function to an observable; a native `Observable` is accepted too. Throws a
 * `TypeError` that names the function for any other value, a string included: RxJS would emit its letters.
 */
export const toObservable = <T>(name: string, input: ObservableInput<T>): Observable<T> => {
  // The common case.
  if (input instanceof Observable) return input;
  if (isNative<T>(input)) return fromNative(input);
  try {
    if (typeof input !== 'string') return from(input);
  } catch {}
  throw new TypeError(`${name}: expected it to return an Observable, a Promise or an iterable`);
};

/**
 * Calls a function of the caller or the platform; emits its return value, in the same tick unless that is a promise.
 */
export const invoke$ = <T>(call: () => T | PromiseLike<T>): Observable<T> =>
  defer(() => {
    const result = call();
    // A value without `then` is no promise.
    return hasMethod(result, 'then') ? from(result as PromiseLike<T>) : of(result as T);
  });
