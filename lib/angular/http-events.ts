import {
  type HttpEvent as AngularEvent,
  type HttpResponse as AngularResponse,
  HttpErrorResponse,
  HttpEventType,
  type HttpHeaders,
} from '@angular/common/http';
import type { HttpEvent, HttpResponse } from 'renewal';

/** The headers as renewal has them: names in lower case, what repeats joined. */
export const toHeaders = (headers: HttpHeaders): Record<string, string> =>
  Object.fromEntries(headers.keys().map((name) => [name.toLowerCase(), headers.getAll(name)?.join(', ') ?? '']));

/** The url of an answer, which a testing backend gives as it was asked for. */
const resolved = (url: string | null, page: string | undefined): string => {
  try {
    return new URL(url ?? '', page).href;
  } catch {
    return '';
  }
};

/** A complete answer, also one that `HttpClient` makes an error of. */
export const toResponse = (answer: AngularResponse<unknown> | HttpErrorResponse, page?: string): HttpResponse => ({
  type: 'response',
  status: answer.status,
  statusText: answer.statusText,
  headers: toHeaders(answer.headers),
  url: answer.url ? resolved(answer.url, page) : '',
  body: answer instanceof HttpErrorResponse ? answer.error : answer.body,
});

/** What an event of `HttpClient` is to renewal; `undefined` for those that it has no counterpart of: headers alone, and events of interceptors' own. */
export const toEvent = (event: AngularEvent<unknown>, page?: string): HttpEvent | undefined => {
  switch (event.type) {
    case HttpEventType.Sent:
      return { type: 'sent' };
    case HttpEventType.UploadProgress:
    case HttpEventType.DownloadProgress: {
      const { type, loaded, total } = event;
      return {
        type: type === HttpEventType.UploadProgress ? 'upload' : 'download',
        loaded,
        ...(total !== undefined && { total }),
      };
    }
    case HttpEventType.Response:
      return toResponse(event, page);
    default:
      return undefined;
  }
};

/** Whether an error is a complete answer with a status of its own: neither a broken connection nor a body that could not be parsed. */
export const isAnswer = ({ status }: HttpErrorResponse): boolean => status >= 300;
