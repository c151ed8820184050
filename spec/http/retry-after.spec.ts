import { describe, expect, it } from 'vitest';
import { retryAfterMs } from '../../lib/http/retry-after';
import { response } from '../support/virtual';

const NOW_MS = Date.UTC(1994, 10, 6, 8, 49, 0);

const asked = (value: string): number | undefined =>
  retryAfterMs(response(503, null, { 'retry-after': value }), NOW_MS);

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['007', 7_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 37_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 37_000],
    ['Sun Nov  6 08:49:37 1994', 37_000],
  ])('may be %j, in the grammar of RFC 9110', (value, ms) => {
    expect(asked(value)).toBe(ms);
  });

  it.each([
    '',
    '0x10',
    '1e3',
    '1.5',
    '-1',
    '+1',
    'Infinity',
    'soon',
    '10, 20',
    '1994-11-06T08:49:37Z',
    '11/06/1994 08:49:37',
    'Sun, 06 Nov 1994 08:48:37 GMT',
  ])('that is %j asks for nothing that counts', (value) => {
    expect(asked(value)).toBeUndefined();
  });

  it('may be missing', () => {
    expect(retryAfterMs(response(503), NOW_MS)).toBeUndefined();
    expect(retryAfterMs(undefined, NOW_MS)).toBeUndefined();
  });
});
