import type { HttpContext } from './context';
import type { HeadersInput } from './headers';
import type { ResponseType } from './request';
import type { StandardSchemaV1 } from './schema';
import type { ParamsInput } from './url';

/** What the `responseType`s other than JSON make of a body. */
export interface Bodies {
  text: string;
  blob: Blob;
  arraybuffer: ArrayBuffer;
}

/** The `responseType`s that can make a `T`. */
type ResponseTypeOf<T> = 'json' | { [Type in keyof Bodies]: Bodies[Type] extends T ? Type : never }[keyof Bodies];

/** What can be said of any request, whatever it is to emit. */
export interface CommonOptions {
  /** Win over the client's; `null` and `undefined` take one of those away. */
  headers?: HeadersInput | undefined;
  /** Added to the query: an array repeats its name, `null` and `undefined` are left out. */
  params?: ParamsInput | undefined;
  /** How long one attempt may take on the wire, in milliseconds, waiting for a refresh excluded; 0 and `Infinity`: no limit. @defaultValue the client's */
  timeoutMs?: number | undefined;
  /** Whether cookies go to other origins too; browsers only. @defaultValue the client's */
  withCredentials?: boolean | undefined;
  /** `false`: no token, no refresh: login, sign-up, public pages. @defaultValue true */
  auth?: boolean | undefined;
  /** Typed values for interceptors; copied for each request. */
  context?: HttpContext | undefined;
}

/** The options of one request. */
export interface RequestOptions<T = unknown> extends CommonOptions {
  /** How the body is decoded; what is emitted follows it: `string`, `Blob`, `ArrayBuffer`. @defaultValue `'json'` */
  responseType?: ResponseTypeOf<T> | undefined;
  /**
   * Validates the body of a response below 400, `null` if there is none, after all interceptors; what the schema makes of it is emitted, and
   * `T` inferred. A mismatch is a `SchemaError`. Any library of https://standardschema.dev, synchronous or not. @defaultValue none
   */
  schema?: StandardSchemaV1<unknown, T> | undefined;
}

/** A request whose body is read as something else than JSON. */
export interface TypedOptions<Type extends keyof Bodies> extends CommonOptions {
  responseType: Type;
  schema?: undefined;
}

/** A request whose schema says what it emits, whatever it is read as. */
export interface SchemaOptions<T> extends CommonOptions {
  responseType?: ResponseType | undefined;
  schema: StandardSchemaV1<unknown, T>;
}
