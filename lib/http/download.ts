import { catchError, map, type Observable, of, timeout } from 'rxjs';
import { parseJson } from './body';
import { type HttpResponse, isJson } from './response';
import { invoke$ } from './to-observable';

/** The largest download that is inspected, in bytes or characters. */
export const MAX_INSPECTED_BYTES = 64 * 1024;

/** Limit for reading a blob, which is in memory, or the start of a stream. */
export const READ_TIMEOUT_MS = 5_000;

/**
 * Parses the JSON of a blob, buffer or text, so that a predicate finds a code in it: if the content type is JSON, or if
 * the text begins like a JSON object or array. Emits the response unchanged if it is not JSON, cannot be read, or has
 * more than 64 kB.
 */
export const withParsedJson = (response: HttpResponse): Observable<HttpResponse> => {
  const { body } = response;
  // Bodies may be of another realm, where `instanceof` fails. A blob has a `size`, a buffer a `byteLength`.
  const { size, byteLength = size, length = byteLength } = Object(body);
  if (!(length <= MAX_INSPECTED_BYTES)) return of(response);
  const read = (): string | Promise<string> => {
    if (typeof body === 'string') return body;
    return size === undefined ? new TextDecoder().decode(body as ArrayBuffer) : (body as Blob).text();
  };
  return invoke$(read).pipe(
    timeout({ first: READ_TIMEOUT_MS }),
    map((text) => {
      const json = isJson(response) || /^\s*[{[]/.test(text) ? parseJson(text) : undefined;
      return json === undefined ? response : { ...response, body: json };
    }),
    catchError(() => of(response)),
  );
};
