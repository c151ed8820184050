import {
  type HttpEvent as AngularEvent,
  type HttpResponse as AngularResponse,
  HttpErrorResponse,
  HttpEventType,
  type HttpHeaders,
} from '@angular/common/http';
import type { HttpEvent, HttpResponse } from 'renewal';
import { toUrl } from './page-url';

/** The headers as renewal has them: names in lower case, what repeats joined. */
export const toHeaders = (headers: HttpHeaders): Record<string, string> =>
  Object.fromEntries(headers.keys().map((name) => [name.toLowerCase(), `${headers.getAll(name)?.join(', ')}`]));

/** A complete answer, also one that `HttpClient` makes an error of. Its url, which a testing backend gives as it was asked for, is relative to `page`. */
export const toResponse = (answer: AngularResponse<unknown> | HttpErrorResponse, page?: string): HttpResponse => ({
  type: 'response',
  status: answer.status,
  statusText: answer.statusText,
  headers: toHeaders(answer.headers),
  url: (answer.url && toUrl(answer.url, page)) ?? '',
  body: answer instanceof HttpErrorResponse ? answer.error : answer.body,
});

/** What an event of `HttpClient` is to renewal; `undefined` for those that it has no counterpart of: headers alone, and events of interceptors' own. */
export const toEvent = (event: AngularEvent<unknown>): HttpEvent | undefined => {
  const { type } = event;
  if (type === HttpEventType.Response) return toResponse(event);
  if (!('loaded' in event)) return type === HttpEventType.Sent ? { type: 'sent' } : undefined;
  const { loaded, total } = event;
  return {
    type: type === HttpEventType.UploadProgress ? 'upload' : 'download',
    loaded,
    ...(total !== undefined && { total }),
  };
};

/** Whether an error is a complete answer with a status of its own: neither a broken connection nor a body that could not be parsed. */
export const isAnswer = (error: unknown): error is HttpErrorResponse =>
  error instanceof HttpErrorResponse && error.status >= 300;
