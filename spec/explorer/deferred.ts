/** As much of a promise as RxJS needs. It settles in the tick of `resolve` or `reject`. */
export interface Deferred<T> {
  readonly promise: PromiseLike<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

interface Inert {
  then(): Inert;
}

/** The result of `then`: RxJS chains another `then` to it, for errors of its own callbacks. */
// biome-ignore lint/suspicious/noThenProperty: it is made to be a thenable.
const INERT: Inert = { then: () => INERT };

/** A promise that is rejected already. */
export const rejected = (error: unknown): PromiseLike<never> => {
  const promise = {
    // biome-ignore lint/suspicious/noThenProperty: it is made to be a thenable.
    then: (_done: unknown, failed: (error: unknown) => void) => {
      failed(error);
      return INERT;
    },
  };
  // RxJS passes both callbacks and needs nothing of what `then` returns.
  return promise as unknown as PromiseLike<never>;
};

export const createDeferred = <T>(): Deferred<T> => {
  const waiting: { readonly done: (value: T) => void; readonly failed: (error: unknown) => void }[] = [];
  const promise = {
    // biome-ignore lint/suspicious/noThenProperty: it is made to be a thenable.
    then: (done: (value: T) => void, failed: (error: unknown) => void) => {
      waiting.push({ done, failed });
      return INERT;
    },
  };
  return {
    // RxJS passes both callbacks, as above.
    promise: promise as unknown as PromiseLike<T>,
    resolve: (value) => {
      for (const { done } of waiting.splice(0)) done(value);
    },
    reject: (error) => {
      for (const { failed } of waiting.splice(0)) failed(error);
    },
  };
};
