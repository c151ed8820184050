import { HttpErrorResponse, type HttpInterceptorFn } from '@angular/common/http';
import { inject } from '@angular/core';
import { isApiError } from 'renewal';
import { tap } from 'rxjs';

export abstract class Toaster {
  /** Shows nothing if the same text is on the screen. */
  abstract show(text: string): void;
}

/** The text for an error; none for the end of a session, which the login page says once. */
const toText = (error: unknown): string | undefined => {
  if (isApiError(error, 'session-expired') || isApiError(error, 'signed-out')) return undefined;
  if (isApiError(error, 'refresh')) return 'The server cannot be reached.';
  if (isApiError(error, 'token-rejected')) return `${error.response?.status}: not allowed`;
  return error instanceof HttpErrorResponse ? `${error.status}: ${error.statusText}` : 'That did not work.';
};

export const toasts: HttpInterceptorFn = (request, next) => {
  const toaster = inject(Toaster);
  const show = (error: unknown) => {
    const text = toText(error);
    if (text) toaster.show(text);
  };
  return next(request).pipe(tap({ error: show }));
};
