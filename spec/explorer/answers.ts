import { BusinessError, type HttpResponse, HttpStatusError, NetworkError } from 'renewal';
import { requestOf } from '../support/request';
import type { Refusal, Trouble } from './plan';

export const ORIGIN = 'https://api.test';
export const ELSEWHERE = 'https://elsewhere.test';

/** The `Retry-After` of a 429. */
export const RETRY_AFTER_MS = 7_000;

/** The request of a refresh, as a client without a session makes it. */
export const REFRESH_REQUEST = requestOf({ method: 'POST', url: `${ORIGIN}/renew`, auth: false });

export const response = (status: number, body: unknown, extra: Partial<HttpResponse> = {}): HttpResponse => ({
  type: 'response',
  status,
  statusText: '',
  headers: {},
  url: '',
  body,
  ...extra,
});

const failed = (status: number, body: unknown, headers: Record<string, string> = {}): Error =>
  new HttpStatusError(REFRESH_REQUEST, response(status, body, { headers }));

/** The errors of a client for the responses that end a session. */
export const REFUSALS: Readonly<Record<Refusal, Error>> = {
  400: failed(400, { error: 'invalid_grant' }),
  401: failed(401, null),
  1002: new BusinessError(REFRESH_REQUEST, response(200, { code: 1002 }), 1002, 'expired'),
};

/** The errors of a client for other failures. `malformed` and `empty` are responses without a grant, and no errors. */
export const TROUBLES: Readonly<Record<Exclude<Trouble, 'malformed' | 'empty'>, Error>> = {
  network: new NetworkError('reset', { request: REFRESH_REQUEST }),
  lost: new NetworkError('reset', { request: REFRESH_REQUEST }),
  429: failed(429, null, { 'retry-after': `${RETRY_AFTER_MS / 1000}` }),
  500: failed(500, '<html>'),
  client: failed(401, { error: 'invalid_client' }),
  unknown: new Error('unknown'),
};
