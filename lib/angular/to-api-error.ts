import { HttpErrorResponse } from '@angular/common/http';
import { type HttpRequest, HttpStatusError, NetworkError, ResponseParseError } from 'renewal';
import { toResponse, unparsedText } from './http-events';

/**
 * Converts an error of `HttpClient`, so that the session can tell a refused refresh from one to retry, and knows how
 * long to wait. Any other error is returned unchanged.
 *
 * @param failedRequest - The failed request. Errors show only its method and url. Angular's errors have no method.
 */
export const toApiError = (error: unknown, failedRequest?: HttpRequest): unknown => {
  if (!(error instanceof HttpErrorResponse)) return error;
  const request = failedRequest ?? ({ method: 'HTTP', url: error.url ?? '' } as HttpRequest);
  const response = toResponse(error);
  const { status } = error;
  // Without the message of `fetch`, which may quote a header.
  if (!status) return new NetworkError('no complete response', { request, cause: error.error?.cause });
  if (status >= 300) return new HttpStatusError(request, response);
  const text = unparsedText(error);
  // The error of an interceptor.
  if (text === undefined) return error;
  // As long as in errors of renewal's transports. A copy, because a slice keeps the whole text in memory.
  const body = Array.from(text.slice(0, 200)).join('');
  return new ResponseParseError('its body is not JSON', { request, response: { ...response, body } });
};
