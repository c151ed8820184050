import { HttpErrorResponse } from '@angular/common/http';
import { type HttpRequest, HttpStatusError, NetworkError, ResponseParseError } from 'renewal';
import { isAnswer, toResponse } from './http-events';

/**
 * An error of `HttpClient` as renewal has it: what tells a refresh that was refused from one that may be tried again, and for how long to wait. What is thrown
 * by others stays what it is.
 *
 * @param asked - What has failed. Errors show nothing else of a request than method and url, and Angular's do not know its method.
 */
export const toApiError = (error: unknown, asked?: HttpRequest): unknown => {
  if (!(error instanceof HttpErrorResponse)) return error;
  const request = asked ?? ({ method: 'HTTP', url: error.url ?? '' } as HttpRequest);
  const response = toResponse(error);
  const { status, error: below } = error;
  // What `fetch` itself says may quote a header.
  if (!status) return new NetworkError('no complete answer', { request, cause: below?.cause });
  if (isAnswer(error)) return new HttpStatusError(request, response);
  // As much of it as an error of renewal's own transports keeps.
  const body = `${below?.text ?? ''}`.slice(0, 200);
  return new ResponseParseError('its body is not JSON', { request, response: { ...response, body } });
};
