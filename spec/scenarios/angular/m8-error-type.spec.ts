import '@angular/compiler';
import { HttpErrorResponse } from '@angular/common/http';
import { HttpStatusError, RefreshError, SessionExpiredError, TokenRejectedError } from 'renewal';
import { expect, it } from 'vitest';
import { createBackend, expire, renew } from '../../angular/support/backend';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';

/** The event of a browser for a broken connection; Node has no such class. */
const noConnection = () => new Event('error') as ProgressEvent;

failureMode(
  {
    id: 'M8',
    title: 'The error is no `HttpErrorResponse` any more, and its cause is lost',
    renewal:
      'An error that does not concern the session stays Angular’s own `HttpErrorResponse`; a session error has the failed refresh as its `cause`.',
  },
  (signal) => {
    it.each([403, 404, 422, 500])("keeps Angular's error for a response with status %i", (status) => {
      const { http, backend } = createBackend();
      const outcome = outcomeOf(http.get('/orders'));
      backend.expectOne('/orders').flush({ reason: 'because' }, { status, statusText: 'So', headers: { 'x-id': '7' } });
      const { error } = outcome;
      if (!(error instanceof HttpErrorResponse)) throw new Error('not Angular’s');
      expect(error).toMatchObject({ status, statusText: 'So', url: '/orders', error: { reason: 'because' } });
      expect(error.headers.get('x-id')).toBe('7');
    });

    it("keeps Angular's error for a broken connection", () => {
      const { http, backend } = createBackend();
      const outcome = outcomeOf(http.get('/orders'));
      const event = noConnection();
      backend.expectOne('/orders').error(event);
      expect(outcome.error).toBeInstanceOf(HttpErrorResponse);
      expect(outcome.error).toMatchObject({ status: 0, error: event });
    });

    it('reports the refusal as the cause of the end of the session', () => {
      const { http, backend } = createBackend();
      const outcome = outcomeOf(http.get('/orders'));
      expire(backend.expectOne('/orders'), signal);
      backend.expectOne('/renew').flush({ error: 'invalid_grant' }, { status: 400, statusText: 'Bad Request' });
      const { error } = outcome;
      if (!(error instanceof SessionExpiredError)) throw new Error('not renewal’s');
      expect(error.cause).toBeInstanceOf(HttpStatusError);
      expect(error.cause).toMatchObject({ status: 400, response: { body: { error: 'invalid_grant' } } });
    });

    it.each([
      [503, 'a server that is busy', 7_000],
      [0, 'no network', undefined],
    ])('reports the cause of a refresh that failed by %i, %s', (status, _why, retryAfterMs) => {
      const { http, backend, session } = createBackend();
      const outcome = outcomeOf(http.get('/orders'));
      expire(backend.expectOne('/orders'), signal);
      const refresh = backend.expectOne('/renew');
      if (status) refresh.flush('busy', { status, statusText: 'Busy', headers: { 'retry-after': '7' } });
      else refresh.error(noConnection());
      const { error } = outcome;
      if (!(error instanceof RefreshError)) throw new Error('not renewal’s');
      expect(error.cause).toMatchObject({ code: status ? 'status' : 'network' });
      expect(error.retryAfterMs).toBe(retryAfterMs);
      expect(session.state.status).toBe('expired');
    });

    it('adds the second response to the error of a rejected new token', () => {
      const harness = createBackend();
      const { http, backend } = harness;
      const outcome = outcomeOf(http.get('/orders'));
      expire(backend.expectOne('/orders'), signal);
      renew(harness);
      expire(backend.expectOne('/orders'), signal);
      expect(outcome.error).toBeInstanceOf(TokenRejectedError);
      expect(outcome.error).toMatchObject({ response: { status: signal === 'HTTP 401' ? 401 : 200 } });
    });
  },
);
