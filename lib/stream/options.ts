import { type Body, InvalidRequestError, type RequestOptions, type StandardSchemaV1 } from 'renewal';
import type { Format } from './frame';

/** How a stream reconnects. */
export interface ReconnectOptions {
  /**
   * The first pause, in milliseconds; it doubles with each reconnection in a row that brought no event. `retry:` of the
   * server takes its place. 0: at once.
   * @defaultValue 1_000
   */
  readonly delayMs?: number | undefined;
  /** The longest pause, in milliseconds; only `Retry-After` may be longer. @defaultValue 30_000 */
  readonly maxDelayMs?: number | undefined;
  /**
   * How many reconnections in a row may bring no event. After the last one, the stream errors, or completes if the
   * connection ended without an error. 0: no reconnection. `Infinity`: no limit.
   * @defaultValue `Infinity`
   */
  readonly attempts?: number | undefined;
}

/** The options of `sse$` and `ndjson$`. Each connection is a request with these options. */
export interface StreamOptions<T> extends Omit<RequestOptions<T>, 'responseType' | 'schema'> {
  /** @defaultValue `'GET'` */
  method?: string | undefined;
  /** The body of each connection, as that of `post$`. A `ReadableStream` is sent once: it needs `reconnect: false`. */
  body?: Body | undefined;
  /**
   * Whether the data of an event, or a line, is a text or is parsed as JSON. What is not JSON is a
   * `ResponseParseError`.
   * @defaultValue `'text'` for `sse$`, `'json'` for `ndjson$`
   */
  parse?: 'text' | 'json' | undefined;
  /**
   * Validates the data of each event, or each line, after `parse`. The schema's output is emitted, and `T` is inferred
   * from it. A mismatch is a `SchemaError`. Any library of https://standardschema.dev, synchronous or not.
   * @defaultValue none
   */
  schema?: StandardSchemaV1<unknown, T> | undefined;
  /**
   * Whether a connection that has ended or failed is followed by another one, and how. `true`: with the defaults.
   * @defaultValue `true` for `sse$` with GET, else `false`
   */
  reconnect?: boolean | ReconnectOptions | undefined;
  /**
   * Where the stream begins: sent as `Last-Event-ID`, in UTF-8, until the server sends an id. Empty: not sent.
   * @defaultValue `''`
   */
  lastEventId?: string | undefined;
}

/** The options of a stream with their defaults. */
export interface Settings {
  readonly method: string;
  readonly parse: 'text' | 'json';
  readonly schema: StandardSchemaV1 | undefined;
  readonly delayMs: number;
  readonly maxDelayMs: number;
  /** 0: the stream does not reconnect. */
  readonly attempts: number;
  readonly lastEventId: string;
  readonly signal: AbortSignal | undefined;
  /** The options of each request. */
  readonly input: CommonInput & { readonly headers: Readonly<Record<string, string | null | undefined>> };
}

type CommonInput = Omit<RequestOptions, 'responseType' | 'schema' | 'signal'> & { readonly body?: Body | undefined };

const check = (isRight: unknown, expected: string): void => {
  if (!isRight) throw new InvalidRequestError(expected);
};

/** Headers as an object: pairs of the same name would be joined with those of the stream. */
const toRecord = (input: unknown = {}): object => {
  const expected = 'headers: expected an object, or pairs of a name and a value';
  check(Object(input) === input, expected);
  const headers = input as object | Iterable<unknown>; // as checked
  if (!(Symbol.iterator in headers)) return headers;
  const joined = new Map<string, unknown>();
  for (const pair of headers) {
    check(Array.isArray(pair), expected);
    const [name, value] = pair as readonly unknown[]; // as checked
    const key = `${name}`.toLowerCase();
    joined.set(key, joined.has(key) ? `${joined.get(key)}, ${value}` : value);
  }
  return Object.fromEntries(joined);
};

/** The options with their defaults. Throws an `InvalidRequestError` that names one which no request has. */
export const toSettings = (options: StreamOptions<never>, format: Format): Settings => {
  check(Object(options) === options, 'options: expected an object');
  const { method = 'GET', parse = format.parse, schema, lastEventId = '', signal, ...more } = options;
  const { reconnect = format.isReconnecting && /^get$/i.test(method), headers, fetch, ...input } = more;
  const { delayMs = 1_000, maxDelayMs = 30_000, attempts = reconnect ? Infinity : 0 } = Object(reconnect);
  for (const [name, value] of Object.entries({ delayMs, maxDelayMs, attempts }))
    check(value >= 0, `reconnect.${name}: expected a number, 0 or more`);
  check(/^(text|json)$/.test(parse), 'parse: expected text or json');
  check(typeof lastEventId === 'string', 'lastEventId: expected a string');
  check(!schema || schema['~standard']?.validate, 'schema: expected a Standard Schema');
  check(!signal || 'addEventListener' in Object(signal), 'signal: expected an AbortSignal');
  check(!attempts || !('getReader' in Object(input.body)), 'reconnect: expected false for a stream as body');
  return {
    method,
    parse,
    schema,
    delayMs,
    maxDelayMs,
    attempts,
    lastEventId,
    signal,
    input: {
      ...input,
      headers: { accept: format.accept, ...toRecord(headers) },
      fetch: { cache: 'no-store', ...fetch },
    },
  };
};
