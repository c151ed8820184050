import { from, map, type Observable } from 'rxjs';
import { parseJson } from './body';
import { type HttpResponse, isJson } from './response';

/** How much of a download is worth looking into, in bytes or characters. */
const INSPECTED = 64 * 1024;

const isBlob = (body: unknown): body is Blob => Object.prototype.toString.call(body) === '[object Blob]';

/**
 * The answer with its JSON decoded, whatever it was asked for as, for those who look for a code in it; unchanged where it is no
 * JSON, or more than 64 kB. A blob can be read only later, hence the two kinds of result.
 */
export const decoded = (response: HttpResponse): HttpResponse | Observable<HttpResponse> => {
  const { body } = response;
  const withJson = (text: string): HttpResponse => {
    const json = text.length <= INSPECTED ? parseJson(text) : undefined;
    return json === undefined ? response : { ...response, body: json };
  };
  if (!isJson(response)) return response;
  if (typeof body === 'string') return withJson(body);
  if (body instanceof ArrayBuffer)
    return body.byteLength <= INSPECTED ? withJson(new TextDecoder().decode(body)) : response;
  if (isBlob(body) && body.size <= INSPECTED) return from(body.text()).pipe(map(withJson));
  return response;
};
