import { catchError, defer, from, map, type Observable, of } from 'rxjs';
import { parseJson } from './body';
import { type HttpResponse, isJson } from './response';

/** How much of a download is inspected at most, in bytes or characters. */
const MAX_INSPECTED = 64 * 1024;

/** What blobs, buffers and texts have to say of themselves. They may be of another realm, so `instanceof` cannot tell them apart. */
interface Download {
  readonly size?: number;
  readonly byteLength?: number;
  readonly length?: number;
  text?(): Promise<string>;
}

/**
 * The response with its JSON parsed, if it was requested as a blob, buffer or text and begins like a JSON object or array, whatever its content
 * type says: a predicate looks for a code there. Unchanged if it is anything else, or more than 64 kB. A blob is read asynchronously, hence the two kinds of result.
 */
export const withParsedJson = (response: HttpResponse): HttpResponse | Observable<HttpResponse> => {
  const { body } = response;
  const withJson = (text: string): HttpResponse => {
    const json = isJson(response) || /^\s*[{[]/.test(text) ? parseJson(text) : undefined;
    return json === undefined ? response : { ...response, body: json };
  };
  const { size, byteLength = size, length = byteLength, text }: Download = Object(body);
  if (!(typeof length === 'number' && length <= MAX_INSPECTED)) return response;
  if (typeof body === 'string') return withJson(body);
  try {
    if (byteLength !== undefined && size === undefined) return withJson(new TextDecoder().decode(body as ArrayBuffer));
  } catch {
    // Not a buffer after all, or a platform without a decoder.
    return response;
  }
  if (typeof text !== 'function') return response;
  return defer(() => from((body as Blob).text())).pipe(
    map(withJson),
    // A blob whose file is gone cannot be read.
    catchError(() => of(response)),
  );
};
