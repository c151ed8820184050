import { HttpErrorResponse } from '@angular/common/http';
import { HttpContext, type HttpRequest, HttpStatusError, NetworkError, ResponseParseError } from 'renewal';
import { isAnswer, toResponse } from './http-events';

/** How much of a text that is not JSON an error keeps, as renewal's own transports have it. */
const QUOTED = 200;

/** What failed below `HttpClient`; where that is an event of the browser, there is nothing in it. */
const causeOf = ({ error }: HttpErrorResponse): { cause?: Error } => (error instanceof Error ? { cause: error } : {});

/** What `HttpClient` failed with, as renewal has it: all but complete answers. What is thrown by others stays what it is. */
export const toFailure = (error: unknown, request: HttpRequest): unknown => {
  if (!(error instanceof HttpErrorResponse) || isAnswer(error)) return error;
  if (!error.status) return new NetworkError('no complete answer', { request, ...causeOf(error) });
  const response = { ...toResponse(error), body: `${Object(error.error).text ?? ''}`.slice(0, QUOTED) };
  return new ResponseParseError('its body is not JSON', { request, response });
};

/** Of a request, what an error of `HttpClient` tells: not even its method. */
const requestOf = ({ url }: HttpErrorResponse): HttpRequest => ({
  method: 'HTTP',
  url: url ?? '',
  headers: {},
  body: null,
  responseType: 'json',
  timeoutMs: 0,
  withCredentials: false,
  reportProgress: false,
  auth: false,
  context: new HttpContext(),
});

/** An error of `HttpClient` as renewal has it: what tells a refresh that was refused from one that may be tried again, and for how long to wait. */
export const toApiError = (error: unknown): unknown => {
  if (!(error instanceof HttpErrorResponse)) return error;
  const request = requestOf(error);
  return isAnswer(error) ? new HttpStatusError(request, toResponse(error)) : toFailure(error, request);
};
