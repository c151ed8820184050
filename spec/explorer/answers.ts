import { BusinessError, type HttpResponse, HttpStatusError, NetworkError } from 'renewal';
import { requestOf } from '../support/request';
import type { Refusal, Trouble } from './plan';

export const ORIGIN = 'https://api.test';
export const ELSEWHERE = 'https://elsewhere.test';

/** How long a server that answers 429 asks to wait. */
export const RETRY_AFTER_MS = 7_000;

/** The request that a refresh makes: a client without a session would have made it. */
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

/** What a client makes of the answers that end a session. */
export const REFUSALS: Readonly<Record<Refusal, Error>> = {
  400: failed(400, { error: 'invalid_grant' }),
  401: failed(401, null),
  1002: new BusinessError(REFRESH_REQUEST, response(200, { code: 1002 }), 1002, 'expired'),
};

/** What a client makes of the answers that don't; the others are no errors, but answers that hold no grant. */
export const TROUBLES: Readonly<Record<Exclude<Trouble, 'malformed' | 'empty'>, Error>> = {
  network: new NetworkError('reset', { request: REFRESH_REQUEST }),
  lost: new NetworkError('reset', { request: REFRESH_REQUEST }),
  429: failed(429, null, { 'retry-after': `${RETRY_AFTER_MS / 1000}` }),
  500: failed(500, '<html>'),
  client: failed(401, { error: 'invalid_client' }),
  unknown: new Error('unknown'),
};
