import { HttpErrorResponse } from '@angular/common/http';
import { type HttpRequest, HttpStatusError, NetworkError, ResponseParseError } from 'renewal';
import { toResponse, unparsedText } from './http-events';

/**
 * An error of `HttpClient` as renewal has it: what tells a refresh that was refused from one that may be tried again, and for how long to wait. What is thrown
 * by others stays what it is.
 *
 * @param failedRequest - What has failed. Errors show nothing else of a request than method and url, and Angular's do not know its method.
 */
export const toApiError = (error: unknown, failedRequest?: HttpRequest): unknown => {
  if (!(error instanceof HttpErrorResponse)) return error;
  const request = failedRequest ?? ({ method: 'HTTP', url: error.url ?? '' } as HttpRequest);
  const response = toResponse(error);
  const { status } = error;
  // What `fetch` itself says may quote a header.
  if (!status) return new NetworkError('no complete answer', { request, cause: error.error?.cause });
  if (status >= 300) return new HttpStatusError(request, response);
  const text = unparsedText(error);
  // An interceptor's own.
  if (text === undefined) return error;
  // As much of it as an error of renewal's own transports keeps; a copy, as a slice keeps the whole text in memory.
  const body = Array.from(text.slice(0, 200)).join('');
  return new ResponseParseError('its body is not JSON', { request, response: { ...response, body } });
};
