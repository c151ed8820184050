import type { Api } from 'renewal';
import type { Observable } from 'rxjs';
import type { Format } from './frame';
import { createLineParser } from './json-lines';
import type { StreamOptions } from './options';
import { stream$ } from './stream';

const FORMAT: Format = {
  parse: 'json',
  isReconnecting: false,
  accept: 'application/x-ndjson, application/jsonl, application/json;q=0.5',
  types: /^application\/((x-)?ndjson|jsonl|(x-)?json-?lines|json)$/i,
  createParser: createLineParser,
  wrap: (value) => value,
};

/**
 * Emits the lines of a response, each parsed as JSON (https://github.com/ndjson/ndjson-spec). Lines end in LF or CR LF,
 * the last one needs no end, and blank lines are skipped. With `parse: 'text'`, emits their texts.
 *
 * Session, reconnection, end and speed are those of `sse$`, except that it does not reconnect by default: lines have no
 * ids, and another connection begins at the first line again. Its content type may be `application/x-ndjson`,
 * `application/ndjson`, `application/jsonl`, `application/x-jsonlines`, `application/json-lines`, or
 * `application/json`, as some servers label lines. Any other one is a `NetworkError` that names it, and so is
 * `application/json-seq` (RFC 7464), which has no lines. A line of more than 16,777,216 characters is a `NetworkError`.
 *
 * @example
 * ```ts
 * import { createApi, fetchTransport } from 'renewal';
 * import { ndjson$ } from 'renewal/stream';
 *
 * const api = createApi({ baseUrl: 'https://shop.example', transport: fetchTransport() });
 * ndjson$<Order>(api, '/orders/export').subscribe((order) => show([order]));
 * ```
 */
export const ndjson$ = <T>(api: Api, url: string | URL, options: StreamOptions<T> = {}): Observable<T> =>
  // A line is a `T` by the schema or by the caller's word.
  stream$(api, url, options as StreamOptions<never>, FORMAT) as Observable<T>;
