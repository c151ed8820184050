import {
  BusinessError,
  businessCode,
  HttpStatusError,
  isRefusal,
  NetworkError,
  RefreshError,
  ResponseParseError,
  SessionExpiredError,
  statusCode,
} from 'renewal';
import { describe, expect, it } from 'vitest';
import { retryAfterMs } from '../../../lib/session/refresh/refusal';
import { requestOf } from '../../support/request';
import { response } from '../../support/virtual';

const request = requestOf({ method: 'POST', url: 'https://api.test/renew' });

const statusError = (code: number, body: unknown, headers?: Record<string, string>) =>
  new HttpStatusError(request, response(code, body, headers));
/** `isRefusal` with an `isExpired` that matches nothing. */
const isFinal = (error: unknown) => isRefusal(error, () => false);

describe('isRefusal', () => {
  it.each([400, 401, 403])('matches %d with a JSON body', (code) => {
    expect(isFinal(statusError(code, { error: 'invalid_grant' }))).toBe(true);
    expect(isFinal(statusError(code, {}))).toBe(true);
    expect(isFinal(statusError(code, 'no', { 'content-type': 'application/json' }))).toBe(true);
  });

  it.each([404, 408, 409, 425, 429, 500, 503])('does not match %d', (code) => {
    expect(isFinal(statusError(code, { error: 'invalid_grant' }))).toBe(false);
  });

  it('matches 401 with any body', () => {
    for (const body of [null, '', '<h1>no</h1>', {}]) expect(isFinal(statusError(401, body))).toBe(true);
    for (const code of [400, 403]) expect(isFinal(statusError(code, null))).toBe(false);
  });

  it.each([400, 403])('does not match %d with HTML, which may be from a proxy', (code) => {
    expect(isFinal(statusError(code, '<h1>no</h1>', { 'content-type': 'text/html' }))).toBe(false);
  });

  it.each([
    'invalid_request',
    'invalid_client',
    'invalid_scope',
    'unauthorized_client',
    'unsupported_grant_type',
    'use_dpop_nonce',
    'server_error',
    'temporarily_unavailable',
    'invalid_target',
    'invalid_dpop_proof',
    'unsupported_token_type',
  ])('does not match the OAuth error %s, which is not about the token', (error) => {
    expect(isFinal(statusError(400, { error }))).toBe(false);
  });

  it.each(['invalid_grant', 'not_invalid_client', 'invalid_client_token', 'other', 7])(
    'matches the error %s',
    (error) => {
      expect(isFinal(statusError(400, { error }))).toBe(true);
    },
  );

  it.each([200, 404, 410, 419, 429, 503])('matches %d if isExpired does', (code) => {
    expect(isRefusal(statusError(code, null), statusCode(code))).toBe(true);
    expect(isRefusal(statusError(code, null), statusCode(code + 1))).toBe(false);
    expect(isRefusal(statusError(code, { code: '1002' }))).toBe(true);
  });

  it('uses the default isExpired if it is given none', () => {
    const parsed = (code: number) => new ResponseParseError('no JSON', { request, response: response(200, { code }) });
    expect([1002, 1003].map((code) => isRefusal(parsed(code)))).toEqual([true, false]);
  });

  it.each([
    ['an OAuth error', 419, { error: 'invalid_client' }],
    ['throttling', 419, { code: 1002, message: 'Too many requests' }],
    ['throttling', 401, { message: 'rate limit exceeded' }],
  ])('does not match what isExpired matches if the body names %s', (_, code, body) => {
    expect(isRefusal(statusError(code, body), () => true)).toBe(false);
  });

  it.each([
    { __type: 'TooManyRequestsException', message: 'Rate exceeded' },
    { __type: 'LimitExceededException' },
    { code: 'ThrottlingException' },
    { Code: 'Throttling.User' },
    { error: 'slow_down' },
    { error: 'rate_limit_exceeded' },
    { error: 'too_many_requests', error_description: 'Global limit has been reached' },
    { error: 'too_many_attempts' },
    { error: 'invalid_grant', error_description: 'login rate exceeded' },
    { message: 'API rate limit exceeded for user ID 1.', documentation_url: 'https://docs.test' },
    { message: 'You are being rate limited.', retry_after: 64.57 },
    { error: { code: 400, message: 'TOO_MANY_ATTEMPTS_TRY_LATER' } },
    { error: { code: 403, errors: [{ reason: 'userRateLimitExceeded' }], status: 'RESOURCE_EXHAUSTED' } },
    { error: { message: '(#4) Application request limit reached', type: 'OAuthException', code: 4 } },
    { ok: false, error: 'ratelimited' },
    [{ errorCode: 'REQUEST_LIMIT_EXCEEDED' }],
  ])('does not match the throttling of real back ends: %j', (body) => {
    for (const code of [400, 401, 403]) expect(isFinal(statusError(code, body))).toBe(false);
  });

  it.each([
    { error: 'session_limit_exceeded' },
    { message: 'Exceeded the number of sessions' },
    { error: 'invalid_grant', rate_limit: 5, slow_down: false },
    { error: 'invalid_grant', error_description: 'Too many sessions' },
    { error: 'invalid_token', error_description: 'Invalid refresh token (expired)' },
    { error: 'access_denied' },
    { error: 'interaction_required' },
  ])('matches a reason that only resembles throttling: %j', (body) => {
    for (const code of [400, 401, 403]) expect(isFinal(statusError(code, body))).toBe(true);
  });

  it('matches a SessionExpiredError, and no other error without a response', () => {
    expect(isFinal(new SessionExpiredError('no refresh token'))).toBe(true);
    expect(isFinal(new NetworkError('reset', { request }))).toBe(false);
    for (const error of [new Error('401'), { status: 0 }, undefined, null, 'no', 401])
      expect(isRefusal(error, () => true)).toBe(false);
  });
});

/** The errors of other clients for a response. */
const FOREIGN: Readonly<Record<string, (status: number, body: unknown) => unknown>> = {
  axios: (code, data) =>
    Object.assign(new Error(`Request failed with status code ${code}`), {
      name: 'AxiosError',
      code: 'ERR_BAD_REQUEST',
      status: code,
      config: { data: '{}' },
      response: { status: code, data, headers: { 'content-type': 'text/plain' }, config: {}, request: {} },
    }),
  'an old axios': (code, data) => Object.assign(new Error('failed'), { response: { status: code, data, headers: {} } }),
  'a mock of axios': (code, data) => ({ response: { status: code, data } }),
  'Angular HttpClient': (code, body) => ({
    name: 'HttpErrorResponse',
    status: code,
    headers: new Headers(),
    error: body,
  }),
  ofetch: (code, data) =>
    Object.assign(new Error('failed'), { status: code, data, response: new Response(null, { status: code }) }),
  'rxjs/ajax': (code, body) => ({ name: 'AjaxError', status: code, response: body, xhr: {}, request: {} }),
  'a wrapper of fetch': (code, data) => Object.assign(new Error('failed'), { status: code, data }),
};

describe.each(Object.entries(FOREIGN))('an error of %s', (_, made) => {
  it('is a refusal by the same rules as an error of renewal', () => {
    for (const body of [null, '', '<h1>no</h1>', {}]) expect(isFinal(made(401, body))).toBe(true);
    for (const code of [400, 403]) {
      expect(isFinal(made(code, { error: 'invalid_grant' }))).toBe(true);
      expect(isFinal(made(code, { status: code, title: 'no' }))).toBe(true);
      for (const body of [undefined, null, '', '<h1>no</h1>']) expect(isFinal(made(code, body))).toBe(false);
      expect(isFinal(made(code, { error: 'invalid_client' }))).toBe(false);
      expect(isFinal(made(code, { message: 'Rate limit exceeded' }))).toBe(false);
    }
    for (const code of [404, 408, 429, 500]) expect(isFinal(made(code, { error: 'invalid_grant' }))).toBe(false);
  });

  it('is passed to isExpired', () => {
    expect(isRefusal(made(419, null), statusCode(419))).toBe(true);
    expect(isRefusal(made(409, { code: 1002 }))).toBe(true);
    expect(isRefusal(made(409, { code: 1003 }))).toBe(false);
  });
});

describe('an error of another client', () => {
  it('may be or hold a Response whose body is unread', () => {
    for (const code of [400, 401, 403, 419]) {
      const unread = new Response('{"error":"invalid_grant"}', { status: code });
      expect(isFinal(unread)).toBe(code === 401);
      expect(isFinal(Object.assign(new Error('of ky'), { response: unread }))).toBe(code === 401);
    }
  });

  it.each(['use_dpop_nonce', 'insufficient_user_authentication'])('is no refusal if its challenge is %s', (code) => {
    const headers = { 'www-authenticate': `DPoP error="${code}"` };
    const failed = { status: 401, headers };
    for (const error of [new Response(null, failed), { response: new Response(null, failed) }, { response: failed }]) {
      expect(isFinal(error)).toBe(false);
    }
  });

  it.each(['status', 'response', 'data', 'error', 'headers'])('is no refusal if its %s cannot be read', (name) => {
    const error = Object.defineProperty({ status: 401 }, name, {
      get: () => {
        throw new Error('hostile');
      },
    });
    expect(isRefusal(error, () => true)).toBe(false);
  });

  it('is no refusal if its body cannot be read', () => {
    const body = Object.defineProperty({}, 'error', {
      enumerable: true,
      get: () => {
        throw new Error('hostile');
      },
    });
    expect(isRefusal({ status: 400, data: body })).toBe(false);
  });

  it('is no refusal without a response', () => {
    const offline = Object.assign(new Error('Network Error'), { code: 'ERR_NETWORK', request: {}, config: {} });
    for (const error of [offline, { status: 0 }, { status: undefined, response: undefined }, new TypeError('fetch')]) {
      expect(isRefusal(error, () => true)).toBe(false);
    }
  });
});

describe('businessCode', () => {
  const failed = (code: number | string) => new BusinessError(request, response(200, { code }), code);

  it('matches any of its codes, as a number and as a string', () => {
    const codes = [1003, '1003', 'E1', 1004, '01003'];
    expect(codes.map((code) => businessCode('1003', 'E1')(failed(code)))).toEqual([true, true, true, false, false]);
    expect(businessCode(1003)(failed('1003'))).toBe(true);
    expect(businessCode()(failed(1003))).toBe(false);
  });

  it.each([null, undefined, 1003, { businessCode: 1003 }, new Error('1003'), statusError(400, { code: 1003 })])(
    'matches no other error: %#',
    (error) => {
      expect(businessCode(1003)(error)).toBe(false);
    },
  );
});

describe('isRefusal for a 401 with a challenge', () => {
  it.each(['use_dpop_nonce', 'insufficient_user_authentication'])('does not match the challenge %s', (code) => {
    const headers = { 'www-authenticate': `DPoP error="${code}"` };
    expect(isFinal(statusError(401, null, headers))).toBe(false);
    expect(isFinal(statusError(401, { message: 'no' }, headers))).toBe(false);
    expect(isFinal(statusError(401, null, { 'www-authenticate': 'DPoP error="invalid_token"' }))).toBe(true);
  });
});

describe('retryAfterMs', () => {
  it('is the Retry-After of the response of an error', () => {
    expect(retryAfterMs(statusError(503, null, { 'retry-after': '2' }), 0)).toBe(2_000);
    expect(retryAfterMs(statusError(503, null), 0)).toBeUndefined();
  });

  it.each(['3601', '1764451200', '99999999999999999999', 'Fri, 29 Nov 2999 00:00:00 GMT'])(
    'is an hour if the server asks for %s',
    (value) => {
      expect(retryAfterMs(statusError(503, null, { 'retry-after': value }), 0)).toBe(3_600_000);
    },
  );

  it('reads the error within a RefreshError', () => {
    expect(retryAfterMs(new RefreshError(statusError(403, {}, { 'retry-after': '2' })), 0)).toBe(2_000);
  });

  it.each([
    ['plain headers', { 'retry-after': '2' }],
    ['a number in plain headers', { 'retry-after': 2 }],
    ['headers of fetch', new Headers({ 'retry-after': '2' })],
  ])('reads the error of another client with %s', (_, headers) => {
    expect(retryAfterMs({ response: { status: 503, data: null, headers } }, 0)).toBe(2_000);
  });

  it('is undefined if there was no response', () => {
    for (const each of [new Error('no'), undefined, new NetworkError('reset', { request })]) {
      expect(retryAfterMs(each, 0)).toBeUndefined();
    }
  });
});
