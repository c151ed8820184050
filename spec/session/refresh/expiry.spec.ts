import { anyOf, bodyCode, isRefusal, statusCode } from 'renewal';
import { describe, expect, it } from 'vitest';
import { requestOf } from '../../support/request';
import { response } from '../../support/virtual';

const request = requestOf();

describe('bodyCode', () => {
  it.each([1002, '1002'])('matches the code %j as a number and as a string', (code) => {
    expect([1002, '1002'].map((found) => bodyCode(code)(response(200, { code: found })))).toEqual([true, true]);
  });

  it('matches any of several codes', () => {
    const codes = [1002, '1003', 'EXPIRED', 1004];
    expect(codes.map((code) => bodyCode(1002, 1003, 'EXPIRED')(response(200, { code })))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(bodyCode()(response(200, { code: 1002 }))).toBe(false);
  });

  it('matches a code that is not a number', () => {
    expect(bodyCode('EXPIRED')(response(200, { code: 'EXPIRED' }))).toBe(true);
    expect(bodyCode('EXPIRED')(response(200, { code: NaN }))).toBe(false);
  });

  it.each([
    null,
    undefined,
    1002,
    '1002',
    [1002],
    {},
    { code: 1003 },
    { code: '1002 ' },
    { code: [1002] },
    { data: { code: 1002 } },
  ])('does not match the body %j', (body) => {
    expect(bodyCode(1002)(response(200, body))).toBe(false);
  });
});

describe('statusCode', () => {
  it('matches the statuses that it was given', () => {
    expect([401, 419, 403].map((code) => statusCode(401, 419)(response(code)))).toEqual([true, true, false]);
    expect(statusCode()(response(401))).toBe(false);
  });
});

describe('anyOf', () => {
  it('matches if any of its predicates matches', () => {
    const matches = anyOf(bodyCode(7), statusCode(401));
    expect([response(401), response(200, { code: 7 }), response(200)].map((each) => matches(each, request))).toEqual([
      true,
      true,
      false,
    ]);
    expect(anyOf()(response(401), request)).toBe(false);
  });

  it('passes the response and the request to its predicates', () => {
    const shown: unknown[] = [];
    const given = response(200);
    anyOf((...args) => shown.push(...args) === 0)(given, request);
    expect(shown).toEqual([given, request]);
  });

  it('passes all its arguments to its predicates', () => {
    const shown: unknown[] = [];
    const isExpired = statusCode(419);
    anyOf(isRefusal, (...args) => shown.push(...args) === 0)('error', isExpired);
    expect(shown).toEqual(['error', isExpired]);
  });
});
