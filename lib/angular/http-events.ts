import {
  type HttpEvent as AngularEvent,
  type HttpResponse as AngularResponse,
  HttpErrorResponse,
  HttpEventType,
  type HttpHeaders,
} from '@angular/common/http';
import type { HttpEvent, HttpResponse } from 'renewal';
import { toHttpUrl } from './page-url';

/** Converts headers: names in lower case, repeated values joined; a cookie may have a comma. */
export const toHeaders = (headers: HttpHeaders): Record<string, string> =>
  Object.fromEntries(
    headers.keys().map((key) => {
      const name = key.toLowerCase();
      return [name, `${headers.getAll(key)?.join(name === 'set-cookie' ? '\n' : ', ')}`];
    }),
  );

const isError = (value: unknown): boolean => Object.prototype.toString.call(value) === '[object Error]';

/**
 * The text of a response that could not be parsed as JSON. Angular's XHR keeps it beside the error of the parser. Its
 * fetch keeps only the error, whose text is returned instead.
 */
export const unparsedText = ({ status, error }: HttpErrorResponse): string | undefined => {
  const { error: cause = error, text = cause } = Object(error);
  return status && status < 300 && isError(cause) && cause.name === 'SyntaxError' ? `${text}` : undefined;
};

/**
 * Converts a complete response, also one in an `HttpErrorResponse`. Its url may be relative to `page`: a testing
 * backend repeats the requested one.
 */
export const toResponse = (response: AngularResponse<unknown> | HttpErrorResponse, page?: string): HttpResponse => ({
  type: 'response',
  status: response.status,
  statusText: response.statusText,
  headers: toHeaders(response.headers),
  url: (response.url && toHttpUrl(response.url, page)) ?? '',
  body: response instanceof HttpErrorResponse ? (unparsedText(response) ?? response.error) : response.body,
});

/** Converts an event; `undefined` for one without a counterpart: headers alone, and custom events of interceptors. */
export const toEvent = (event: AngularEvent<unknown>, page: string): HttpEvent | undefined => {
  const { type } = event;
  if (type === HttpEventType.Response) return toResponse(event, page);
  if (!('loaded' in event)) return type === HttpEventType.Sent ? { type: 'sent' } : undefined;
  const { loaded, total } = event;
  return {
    type: type === HttpEventType.UploadProgress ? 'upload' : 'download',
    loaded,
    ...(total !== undefined && { total }),
  };
};

/** Whether an error is a complete response, also with a body that could not be parsed, and not a broken connection. */
export const isErrorResponse = (error: unknown): error is HttpErrorResponse =>
  error instanceof HttpErrorResponse && error.status > 0;
