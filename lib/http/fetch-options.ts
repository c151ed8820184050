/**
 * Options for `fetch`, with the values of `RequestInit`. Declared here, because projects for Node have no complete
 * `RequestInit` without `lib.dom`.
 */
export interface FetchOptions {
  /**
   * How the HTTP cache is used. The second attempt is always sent with `'reload'`: the cache may hold the expired
   * response of the first one.
   */
  readonly cache?: 'default' | 'force-cache' | 'no-cache' | 'no-store' | 'only-if-cached' | 'reload' | undefined;
  /** Whether cookies are sent. Wins over `withCredentials`. */
  readonly credentials?: 'include' | 'omit' | 'same-origin' | undefined;
  /** The expected hash of the body (https://www.w3.org/TR/SRI). Another body is a `NetworkError`. */
  readonly integrity?: string | undefined;
  /** Whether the request outlives its page. The body is at most 64 KiB then. */
  readonly keepalive?: boolean | undefined;
  /** `'no-cors'`: the response is opaque, with status 0 and no body. `'navigate'` is refused. */
  readonly mode?: 'cors' | 'navigate' | 'no-cors' | 'same-origin' | undefined;
  readonly priority?: 'auto' | 'high' | 'low' | undefined;
  /**
   * `'error'`: a redirect is a `NetworkError`. `'manual'`: a redirect is a response; in a browser an opaque one, with
   * status 0 and no headers.
   */
  readonly redirect?: 'error' | 'follow' | 'manual' | undefined;
  readonly referrer?: string | undefined;
  readonly referrerPolicy?:
    | ''
    | 'no-referrer'
    | 'no-referrer-when-downgrade'
    | 'origin'
    | 'origin-when-cross-origin'
    | 'same-origin'
    | 'strict-origin'
    | 'strict-origin-when-cross-origin'
    | 'unsafe-url'
    | undefined;
}
