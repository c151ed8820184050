import { catchError, from, map, type Observable, of } from 'rxjs';
import { parseJson } from './body';
import { type HttpResponse, isJson } from './response';

/** How much of a download is worth looking into, in bytes or characters. */
const INSPECTED = 64 * 1024;

/**
 * The answer with its JSON decoded, whatever it was asked for as, for those who look for a code in it; unchanged where it is no
 * JSON, or more than 64 kB. A blob can be read only later, hence the two kinds of result.
 */
export const decoded = (response: HttpResponse): HttpResponse | Observable<HttpResponse> => {
  const { body } = response;
  const withJson = (text: string): HttpResponse => {
    const json = parseJson(text);
    return json === undefined ? response : { ...response, body: json };
  };
  // A blob, a buffer and a text each have one of these; what has been decoded already is left alone below.
  const { size, byteLength = size, length = byteLength } = Object(body);
  if (!isJson(response) || !(length <= INSPECTED)) return response;
  if (typeof body === 'string') return withJson(body);
  if (body instanceof ArrayBuffer) return withJson(new TextDecoder().decode(body));
  if (!(body instanceof Object && 'text' in body)) return response;
  // One whose file is gone can't be read.
  return from((body as Blob).text()).pipe(
    map(withJson),
    catchError(() => of(response)),
  );
};
