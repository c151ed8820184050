import { check, checkFunction } from './options';

/** A key for a typed value in an {@link HttpContext}; compared by identity, so two tokens never clash. */
export class HttpContextToken<T> {
  /** @param defaultValue - Returns the value for {@link HttpContext.get} if none was set. */
  constructor(readonly defaultValue: () => T) {
    check(defaultValue !== undefined, 'defaultValue', 'a function');
    checkFunction('defaultValue', defaultValue);
  }
}

type Values = Map<HttpContextToken<unknown>, unknown>;

/** Reads the values of a context made by any copy of this package; private names work within one copy only. */
const VALUES = Symbol.for('renewal.context');

/**
 * Typed values that travel with a request for its interceptors. Every request gets a copy of the context in its
 * options, so one context can serve many requests.
 *
 * @example
 * ```ts
 * const CACHED = new HttpContextToken(() => false);
 * api.get$('/countries', { context: new HttpContext().set(CACHED, true) });
 * ```
 */
export class HttpContext {
  // Created on demand: most requests have no values, and many requests may wait at once.
  #values: Values | undefined;

  constructor(from?: HttpContext) {
    if (from === undefined) return;
    check(VALUES in Object(from), 'context', 'an HttpContext');
    const values = from[VALUES]();
    if (values) this.#values = new Map(values);
  }

  /** A method, so that a printed context shows none of its values. */
  protected [VALUES](): Values | undefined {
    return this.#values;
  }

  /** Stores a value and returns this context, for chaining. */
  set<T>(token: HttpContextToken<T>, value: T): this {
    this.#values ??= new Map();
    this.#values.set(token, value);
    return this;
  }

  /** The value that was set, or else a new default value of the token. */
  get<T>(token: HttpContextToken<T>): T {
    // `set`, the only writer, pairs each token with a value of the token's type.
    return this.#values?.has(token) ? (this.#values.get(token) as T) : token.defaultValue();
  }
}
