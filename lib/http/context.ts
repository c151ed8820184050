/** A key for a typed value in an {@link HttpContext}; compared by identity, so two tokens never clash. */
export class HttpContextToken<T> {
  /** @param defaultValue - Makes the value that {@link HttpContext.get} answers where none was set. */
  constructor(readonly defaultValue: () => T) {}
}

/**
 * Typed values that travel with a request for its interceptors. Every request gets a copy of the context in its options,
 * so one context can serve many requests.
 *
 * @example
 * ```ts
 * const CACHED = new HttpContextToken(() => false);
 * api.get$('/countries', { context: new HttpContext().set(CACHED, true) });
 * ```
 */
export class HttpContext {
  // Made when it is needed: most requests have no values, and many may wait.
  #values: Map<HttpContextToken<unknown>, unknown> | undefined;

  constructor(from?: HttpContext) {
    const values = from ? from.#values : undefined;
    if (values) this.#values = new Map(values);
  }

  /** Stores a value and returns this context, for chaining. */
  set<T>(token: HttpContextToken<T>, value: T): this {
    this.#values ??= new Map();
    this.#values.set(token, value);
    return this;
  }

  /** The value that was set, or else a new default of the token. */
  get<T>(token: HttpContextToken<T>): T {
    // The map pairs each token with a value of the token's own type: `set` is the only writer.
    return this.#values?.has(token) ? (this.#values.get(token) as T) : token.defaultValue();
  }
}
