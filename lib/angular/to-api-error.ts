import { HttpErrorResponse } from '@angular/common/http';
import { type HttpRequest, HttpStatusError, NetworkError, ResponseParseError } from 'renewal';
import { isAnswer, toResponse } from './http-events';

/** How much of a text that is not JSON an error keeps, as renewal's own transports have it. */
const QUOTED = 200;

/** What `HttpClient` failed with where that is no answer, as renewal has it. What is thrown by others stays what it is. */
export const toFailure = (error: unknown, request: HttpRequest): unknown => {
  if (!(error instanceof HttpErrorResponse)) return error;
  const below = error.error;
  // Where it is an event of the browser, there is nothing in it.
  if (!error.status) return new NetworkError('no complete answer', { request, cause: below instanceof Error && below });
  const response = { ...toResponse(error), body: `${below?.text}`.slice(0, QUOTED) };
  return new ResponseParseError('its body is not JSON', { request, response });
};

/** Of a request, what an error of `HttpClient` tells, which is not even its method. */
const requestOf = ({ url }: HttpErrorResponse): HttpRequest => ({ method: 'HTTP', url: `${url}` }) as HttpRequest; // errors show nothing else of it

/** An error of `HttpClient` as renewal has it: what tells a refresh that was refused from one that may be tried again, and for how long to wait. */
export const toApiError = (error: unknown): unknown => {
  if (!(error instanceof HttpErrorResponse)) return error;
  const request = requestOf(error);
  return isAnswer(error) ? new HttpStatusError(request, toResponse(error)) : toFailure(error, request);
};
