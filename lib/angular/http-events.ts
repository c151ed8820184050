import {
  type HttpEvent as AngularEvent,
  type HttpResponse as AngularResponse,
  HttpErrorResponse,
  HttpEventType,
  type HttpHeaders,
} from '@angular/common/http';
import type { HttpEvent, HttpResponse } from 'renewal';
import { toHttpUrl } from './page-url';

/** The headers as renewal has them: names in lower case, what repeats joined. */
export const toHeaders = (headers: HttpHeaders): Record<string, string> =>
  Object.fromEntries(headers.keys().map((name) => [name.toLowerCase(), `${headers.getAll(name)?.join(', ')}`]));

const isError = (value: unknown): boolean => Object.prototype.toString.call(value) === '[object Error]';

/**
 * The text that could not be parsed as JSON, of a response that failed by that. Angular's XHR keeps it beside the parser's error; its fetch keeps the
 * error only, which then stands for the text.
 */
export const unparsedText = ({ status, error }: HttpErrorResponse): string | undefined => {
  const { error: cause = error, text = cause } = Object(error);
  return status && status < 300 && isError(cause) && cause.name === 'SyntaxError' ? `${text}` : undefined;
};

/** A complete answer, also one that `HttpClient` makes an error of. Its url, which a testing backend gives as it was asked for, is relative to `page`. */
export const toResponse = (response: AngularResponse<unknown> | HttpErrorResponse, page?: string): HttpResponse => ({
  type: 'response',
  status: response.status,
  statusText: response.statusText,
  headers: toHeaders(response.headers),
  url: (response.url && toHttpUrl(response.url, page)) ?? '',
  body: response instanceof HttpErrorResponse ? (unparsedText(response) ?? response.error) : response.body,
});

/** What an event of `HttpClient` is to renewal; `undefined` for those that it has no counterpart of: headers alone, and events of interceptors' own. */
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

/** Whether an error is a complete response, also one whose body could not be parsed, and no broken connection. */
export const isErrorResponse = (error: unknown): error is HttpErrorResponse =>
  error instanceof HttpErrorResponse && error.status > 0;
