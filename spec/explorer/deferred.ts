/** A promise that settles in the tick it is told to, as far as RxJS asks of one. */
export interface Deferred<T> {
  readonly promise: PromiseLike<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

interface Inert {
  then(): Inert;
}

/** What `then` returns: RxJS chains once more to it, for what its own callbacks may throw. */
// biome-ignore lint/suspicious/noThenProperty: being a thenable is what it is for.
const INERT: Inert = { then: () => INERT };

/** A promise that is rejected already. */
export const rejected = (error: unknown): PromiseLike<never> => {
  const promise = {
    // biome-ignore lint/suspicious/noThenProperty: being a thenable is what it is for.
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
    // biome-ignore lint/suspicious/noThenProperty: being a thenable is what it is for.
    then: (done: (value: T) => void, failed: (error: unknown) => void) => {
      waiting.push({ done, failed });
      return INERT;
    },
  };
  return {
    // As above.
    promise: promise as unknown as PromiseLike<T>,
    resolve: (value) => {
      for (const { done } of waiting.splice(0)) done(value);
    },
    reject: (error) => {
      for (const { failed } of waiting.splice(0)) failed(error);
    },
  };
};
