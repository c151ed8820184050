import { HttpStatusError, isApiError, NetworkError, ResponseParseError, SessionExpiredError, status } from 'renewal';
import { describe, expect, it } from 'vitest';
import { isRefusal, retryAfterMs } from '../../lib/session/refusal';
import { requestOf } from '../support/request';
import { response } from '../support/virtual';

const NEVER_EXPIRED = () => false;
const request = requestOf({ method: 'POST', url: 'https://api.test/renew' });

const answered = (code: number, body: unknown, headers?: Record<string, string>) =>
  new HttpStatusError(request, response(code, body, headers));
const isFinal = (error: unknown) => isRefusal(error, NEVER_EXPIRED);

describe('isRefusal', () => {
  it.each([400, 401, 403])('is so of %d with a JSON body', (code) => {
    expect(isFinal(answered(code, { error: 'invalid_grant' }))).toBe(true);
    expect(isFinal(answered(code, {}))).toBe(true);
    expect(isFinal(answered(code, 'no', { 'content-type': 'application/json' }))).toBe(true);
  });

  it.each([404, 408, 409, 425, 429, 500, 503])('is not so of %d', (code) => {
    expect(isFinal(answered(code, { error: 'invalid_grant' }))).toBe(false);
  });

  it('takes no body for a refusal with 401 only', () => {
    for (const body of [null, '']) expect(isFinal(answered(401, body))).toBe(true);
    for (const code of [400, 403]) expect(isFinal(answered(code, null))).toBe(false);
  });

  it.each([400, 401, 403])('is not so of %d with HTML, which some proxy may have made', (code) => {
    expect(isFinal(answered(code, '<h1>no</h1>', { 'content-type': 'text/html' }))).toBe(false);
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
  ])('is not so of the OAuth error %s, which speaks of something else', (error) => {
    expect(isFinal(answered(400, { error }))).toBe(false);
  });

  it.each(['invalid_grant', 'not_invalid_client', 'invalid_client_token', 'other', 7])(
    'is so of the error %s',
    (error) => {
      expect(isFinal(answered(400, { error }))).toBe(true);
    },
  );

  it('is so of an answer below 400 that says expired itself, and of no other', () => {
    const parsed = (code: number) =>
      new ResponseParseError('no JSON', { request, response: response(code, { code: 1002 }) });
    expect(isRefusal(parsed(200), status(200))).toBe(true);
    expect(isRefusal(parsed(200), status(201))).toBe(false);
    expect(isRefusal(parsed(399), () => true)).toBe(true);
    expect(isRefusal(answered(404, {}), () => true)).toBe(false);
  });

  it('shows the predicate the answer and its request', () => {
    const shown: unknown[] = [];
    const error = new ResponseParseError('no JSON', { request, response: response(200) });
    isRefusal(error, (...args) => shown.push(...args) > 0);
    expect(shown).toEqual([error.response, error.request]);
  });

  it('is so of a SessionExpiredError, and of nothing without an answer', () => {
    expect(isFinal(new SessionExpiredError('no refresh token'))).toBe(true);
    expect(isFinal(new NetworkError('reset', { request }))).toBe(false);
    for (const error of [new Error('401'), { status: 401 }, undefined, null, 'no']) expect(isFinal(error)).toBe(false);
  });

  it('is not so of an answer whose request is not known', () => {
    const error = new ResponseParseError('no JSON', { response: response(401) });
    expect(isApiError(error)).toBe(true);
    expect(isFinal(error)).toBe(false);
  });
});

describe('a refresh that is answered with a challenge', () => {
  it.each(['use_dpop_nonce', 'insufficient_user_authentication'])('of %s is not refused', (code) => {
    const headers = { 'www-authenticate': `DPoP error="${code}"` };
    expect(isFinal(answered(401, null, headers))).toBe(false);
    expect(isFinal(answered(401, { message: 'no' }, headers))).toBe(false);
    expect(isFinal(answered(401, null, { 'www-authenticate': 'DPoP error="invalid_token"' }))).toBe(true);
  });
});

describe('retryAfterMs', () => {
  it('is what the answer of an error asks for', () => {
    expect(retryAfterMs(answered(503, null, { 'retry-after': '2' }), 0)).toBe(2_000);
    expect(retryAfterMs(answered(503, null), 0)).toBeUndefined();
  });

  it.each(['3601', '1764451200', '99999999999999999999', 'Fri, 29 Nov 2999 00:00:00 GMT'])(
    'is an hour if the server asks for %s',
    (value) => {
      expect(retryAfterMs(answered(503, null, { 'retry-after': value }), 0)).toBe(3_600_000);
    },
  );

  it('is unknown where there was no answer', () => {
    const error = Object.assign(new Error('no'), { response: response(503, null, { 'retry-after': '2' }) });
    for (const each of [error, undefined, new NetworkError('reset', { request })]) {
      expect(retryAfterMs(each, 0)).toBeUndefined();
    }
  });
});
