import { HttpErrorResponse } from '@angular/common/http';
import { type HttpRequest, HttpStatusError, NetworkError, ResponseParseError } from 'renewal';
import { isAnswer, toResponse } from './http-events';

/** What `HttpClient` failed with where that is no answer, as renewal has it. What is thrown by others stays what it is. */
export const toFailure = (error: unknown, request: HttpRequest): unknown => {
  if (!(error instanceof HttpErrorResponse)) return error;
  const below = error.error;
  // Where it is an event of the browser, there is nothing in it.
  if (!error.status) return new NetworkError('no complete answer', { request, cause: below instanceof Error && below });
  // As much of it as an error of renewal's own transports keeps.
  const response = { ...toResponse(error), body: `${below?.text}`.slice(0, 200) };
  return new ResponseParseError('its body is not JSON', { request, response });
};

/** An error of `HttpClient` as renewal has it: what tells a refresh that was refused from one that may be tried again, and for how long to wait. */
export const toApiError = (error: unknown): unknown => {
  if (!(error instanceof HttpErrorResponse)) return error;
  // Errors show nothing else of a request, and Angular's do not know its method.
  const request = { method: 'HTTP', url: `${error.url}` } as HttpRequest;
  return isAnswer(error) ? new HttpStatusError(request, toResponse(error)) : toFailure(error, request);
};
