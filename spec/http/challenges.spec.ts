import fc from 'fast-check';
import { HttpStatusError } from 'renewal';
import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../lib/http/challenges';
import { requestOf } from '../support/request';
import { response } from '../support/virtual';

type Pair = [scheme: string, params: Record<string, string>];

const pairsOf = (header: string): Pair[] =>
  parseChallenges(header).map(({ scheme, params }) => [scheme, { ...params }]);

const wellFormed: [string, Pair[]][] = [
  ['Bearer', [['bearer', {}]]],
  ['Basic realm="a"', [['basic', { realm: 'a' }]]],
  ['Bearer error=invalid_token', [['bearer', { error: 'invalid_token' }]]],
  ['BEARER ERROR="Invalid"', [['bearer', { error: 'Invalid' }]]],
  ['DPoP algs="ES256 PS256",error="use_dpop_nonce"', [['dpop', { algs: 'ES256 PS256', error: 'use_dpop_nonce' }]]],
  ['Digest realm = "a" ,\tnonce =b', [['digest', { realm: 'a', nonce: 'b' }]]],
  ['Bearer realm="a, Basic realm=b"', [['bearer', { realm: 'a, Basic realm=b' }]]],
  ['Bearer realm="a \\"b\\" \\\\ \\c"', [['bearer', { realm: 'a "b" \\ c' }]]],
  ['Bearer realm=""', [['bearer', { realm: '' }]]],
  ['Bearer realm="é"', [['bearer', { realm: 'é' }]]],
  ['Negotiate', [['negotiate', {}]]],
  ['Negotiate YII/a+b==', [['negotiate', {}]]],
  ['Negotiate YII', [['negotiate', {}]]],
  [
    'Negotiate YII=, Basic realm="a"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'a' }],
    ],
  ],
  [
    'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"',
    [
      ['newauth', { realm: 'apps', type: '1', title: 'Login to "apps"' }],
      ['basic', { realm: 'simple' }],
    ],
  ],
  [
    'Basic , Bearer, DPoP algs="ES256", error=use_dpop_nonce',
    [
      ['basic', {}],
      ['bearer', {}],
      ['dpop', { algs: 'ES256', error: 'use_dpop_nonce' }],
    ],
  ],
  [',, Bearer ,scope="a b",,', [['bearer', { scope: 'a b' }]]],
];

const malformed: [string, Pair[]][] = [
  ['', []],
  [' , ,', []],
  ['=', []],
  ['error="insufficient_scope"', []],
  ['"Bearer realm=a"', []],
  ['Bearer realm="a', [['bearer', { realm: 'a' }]]],
  ['Bearer realm="a\\', [['bearer', { realm: 'a' }]]],
  ['Bearer realm=, error=b', [['bearer', { error: 'b' }]]],
  ['Bearer realm="a" error="b"', [['bearer', { realm: 'a', error: 'b' }]]],
  ['Bearer error=a, error=b, ERROR=c', [['bearer', { error: 'a' }]]],
  ['Bearer resource_metadata=https://a.test/b?c=d', [['bearer', { resource_metadata: 'https://a.test/b?c=d' }]]],
  ['Bearer realm="a"b, c=d', [['bearer', { realm: 'a', c: 'd' }]]],
  ['Bearer "realm=a", b=c', [['bearer', { b: 'c' }]]],
  ['Bearer constructor=a', [['bearer', { constructor: 'a' }]]],
];

it.each([...wellFormed, ...malformed])('parses %s', (header, pairs) => {
  expect(pairsOf(header)).toEqual(pairs);
});

it('has no parameter that the header does not name', () => {
  expect(parseChallenges('Bearer a=b')[0]?.params.constructor).toBeUndefined();
});

const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const text = fc.stringMatching(/^[\t -~\x80-\xff]{0,20}$/);
const blank = fc.stringMatching(/^[ \t]{0,3}$/);
const comma = fc.tuple(blank, blank).map(([before, after]) => `${before},${after}`);

const quote = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;

/** A challenge as text, and what it means. */
const challenge = fc
  .record({
    scheme: token,
    params: fc.dictionary(
      token.map((name) => name.toLowerCase()),
      fc.oneof(
        text.map((value): Pair => [quote(value), { value }]),
        token.map((value): Pair => [value, { value }]),
      ),
      { maxKeys: 4 },
    ),
    equals: fc.tuple(blank, blank).map(([before, after]) => `${before}=${after}`),
    comma,
  })
  .map(({ scheme, params, equals, comma }): Pair => {
    const pairs = Object.entries(params).map(([name, [shown]]) => name + equals + shown);
    const meant = Object.entries(params).map(([name, [, { value = '' }]]) => [name, value]);
    return [
      `${scheme} ${pairs.join(comma)}`,
      { scheme: scheme.toLowerCase(), params: Object.fromEntries(meant) },
    ] as never;
  });

describe('any header', () => {
  it('of the grammar of RFC 9110 is parsed to what was meant', () => {
    const headers = fc.array(challenge, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(headers, comma, (pairs, separator) => {
        const header = pairs.map(([shown]) => shown).join(separator);
        const meant = pairs.map(([, { scheme, params }]) => [scheme, params]);
        expect(pairsOf(header)).toEqual(meant);
      }),
    );
  });

  it('throws nothing', () => {
    const pieces = fc.constantFrom('Bearer', 'a', '=', '"', '\\', ',', ' ', '\t', '\n', '/', 'é', '__proto__');
    const headers = fc.oneof(
      fc.string(),
      fc.array(pieces).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(headers, (header) => {
        const values = parseChallenges(header).flatMap(({ scheme, params }) => [scheme, ...Object.values(params)]);
        return values.every((value) => typeof value === 'string');
      }),
    );
  });

  it.each(['a', '"', '\\', '"\\', 'a=', 'a="', 'a ', ' ', 'a =', '="', ',', 'a,'])(
    'is parsed in linear time: 200,000 of %j',
    (piece) => {
      const header = `Bearer, ${piece.repeat(200_000)}`;
      expect(parseChallenges(header)[0]?.scheme).toBe('bearer');
    },
  );
});

describe('HttpStatusError.challenges', () => {
  const errorWith = (headers: Record<string, string>) =>
    new HttpStatusError(requestOf({}), response(401, null, headers));

  it('is the parsed www-authenticate', () => {
    const { challenges } = errorWith({ 'www-authenticate': 'Bearer error="insufficient_scope", scope="a b"' });
    expect(challenges).toEqual([{ scheme: 'bearer', params: { error: 'insufficient_scope', scope: 'a b' } }]);
  });

  it('is empty without that header, and no key of the error', () => {
    expect(errorWith({}).challenges).toEqual([]);
    expect(Object.keys(errorWith({}))).not.toContain('challenges');
  });
});
