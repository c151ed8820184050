import type { HttpContext } from './context';
import type { FetchOptions } from './fetch-options';
import type { HeadersInput } from './headers';
import type { ResponseType } from './request';
import type { StandardSchemaV1 } from './schema';
import type { ParamsInput } from './url';

/** The type of the body for each `responseType` other than JSON. */
export interface Bodies {
  text: string;
  blob: Blob;
  arraybuffer: ArrayBuffer;
  stream: ReadableStream<Uint8Array>;
}

/** The `responseType`s whose body can be a `T`. */
type ResponseTypeOf<T> = 'json' | { [Type in keyof Bodies]: Bodies[Type] extends T ? Type : never }[keyof Bodies];

/** The options of a request that do not depend on the emitted type. */
export interface CommonOptions {
  /** Override the client's headers; `null` and `undefined` remove one. */
  headers?: HeadersInput | undefined;
  /** Added to the query: an array repeats its name, `null` and `undefined` are left out. */
  params?: ParamsInput | undefined;
  /**
   * Limit for one attempt on the wire, in milliseconds; waiting for a refresh does not count. 0 and `Infinity`: no
   * limit.
   * @defaultValue the client's
   */
  timeoutMs?: number | undefined;
  /** Whether cookies are sent to other origins too; browsers only. @defaultValue the client's */
  withCredentials?: boolean | undefined;
  /** `false`: no token and no refresh, for login, sign-up and public pages. @defaultValue true */
  auth?: boolean | undefined;
  /**
   * `false`: carries the token, but starts no refresh, also before the token expires: for polls that must not keep an
   * absent user signed in. It waits for a refresh that is running, and while the session is loading. With no refresh
   * running, it leaves with the token there is, and an expired response is the caller's. @defaultValue true
   */
  renew?: boolean | undefined;
  /**
   * Aborts the request like unsubscribing, whatever it waits for or transfers; then the request errors with the
   * signal's `reason`. Already aborted: nothing is sent.
   * @defaultValue none
   */
  signal?: AbortSignal | undefined;
  /**
   * Options for `fetch`, which `fetchTransport` passes on; other transports ignore them. `cache` of a second attempt is
   * always `'reload'`; `credentials` wins over `withCredentials`. An unknown member is an `InvalidRequestError`.
   * @defaultValue none
   */
  fetch?: FetchOptions | undefined;
  /** Typed values for interceptors; copied for each request. */
  context?: HttpContext | undefined;
}

/** The options of one request. */
export interface RequestOptions<T = unknown> extends CommonOptions {
  /**
   * How the body is decoded. The emitted type follows it: `string`, `Blob`, `ArrayBuffer`,
   * `ReadableStream<Uint8Array>`.
   *
   * `'stream'`, over `fetchTransport` only, emits the body when the head of the response has come, and completes.
   * `timeoutMs` limits the time to the head, `maxResponseBytes` nothing. Before, unsubscribing closes the connection;
   * afterwards, cancelling the stream or aborting the `signal` does. `isExpired` is asked about the head, with `null`
   * for the body, and again about a JSON body of at most 64 kB. The body of a response of 400 or above is read for its
   * `HttpStatusError`: JSON or text, up to 64 kB.
   * @defaultValue `'json'`
   */
  responseType?: ResponseTypeOf<T> | undefined;
  /**
   * Validates the body of a response below 400 (`null` if there is no body), after all interceptors. The schema's
   * output is emitted, and `T` is inferred from it. A mismatch is a `SchemaError`. Any library of
   * https://standardschema.dev, synchronous or not.
   * @defaultValue none
   */
  schema?: StandardSchemaV1<unknown, T> | undefined;
}

/** The options of a request whose response is not decoded as JSON. */
export interface TypedOptions<Type extends keyof Bodies> extends CommonOptions {
  responseType: Type;
  schema?: undefined;
}

/** The options of a request whose schema determines the emitted type, for any `responseType` but a stream. */
export interface SchemaOptions<T> extends CommonOptions {
  responseType?: Exclude<ResponseType, 'stream'> | undefined;
  schema: StandardSchemaV1<unknown, T>;
}
