import { catchError, map, type Observable, of, timeout } from 'rxjs';
import { parseJson } from './body';
import { type HttpResponse, isJson } from './response';
import { invoke$ } from './to-observable';

/** How much of a download is inspected at most, in bytes or characters. */
const MAX_INSPECTED_BYTES = 64 * 1024;

/** How long a blob may take to be read; it is in memory. */
const READ_TIMEOUT_MS = 5_000;

/**
 * Emits the response with its JSON parsed, if it was requested as a blob, buffer or text and begins like a JSON object or array, whatever its content
 * type says: a predicate looks for a code there. Unchanged if it is anything else, cannot be read, or has more than 64 kB.
 */
export const withParsedJson = (response: HttpResponse): Observable<HttpResponse> => {
  const { body } = response;
  // Bodies may be of another realm, so `instanceof` cannot tell them apart: a blob has a size, a buffer a length in bytes.
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
