import type { ApiOptions, RequestOptions } from 'renewal';
import { describe, expect, it } from 'vitest';
import { createRecorder, createSignedIn, outcomeOf, shownOf } from '../support/http-client';

/** The headers that a request of a client with these defaults reaches the transport with. */
const merged = (
  defaults: NonNullable<ApiOptions['headers']>,
  own?: RequestOptions['headers'],
): Readonly<Record<string, string>> | undefined => {
  const { api, requests } = createRecorder({ headers: defaults });
  outcomeOf(api.get$('/a', own && { headers: own }));
  return requests[0]?.headers;
};

describe('headers', () => {
  it('have names in lower case', () => {
    expect(merged({ 'X-One': 'A' }, { 'X-TWO': 'B' })).toEqual({ 'x-one': 'A', 'x-two': 'B' });
  });

  it('of a request win over those of its client, whatever their case', () => {
    expect(merged({ 'X-One': '1', 'x-two': '2' }, { 'x-ONE': 'one', 'X-Three': '3' })).toEqual({
      'x-one': 'one',
      'x-two': '2',
      'x-three': '3',
    });
  });

  it('of one name are the last of them', () => {
    expect(merged({ 'X-One': '1', 'x-one': '2' })).toEqual({ 'x-one': '2' });
  });

  it.each([undefined, null])('that are %s take a default away', (nothing) => {
    expect(merged({ 'X-One': '1', 'x-two': '2' }, { 'x-one': nothing, 'x-none': nothing })).toEqual({ 'x-two': '2' });
    expect(merged({ 'x-one': nothing, 'x-two': '2' })).toEqual({ 'x-two': '2' });
  });

  it('that are null leave the place of an authorization to the token', () => {
    const { api, requests } = createRecorder({ session: createSignedIn() });
    outcomeOf(api.get$('/a', { headers: { Authorization: null } }));
    outcomeOf(
      api.extend({ headers: { Authorization: 'Basic mine' } }).get$('/a', { headers: { authorization: null } }),
    );
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer T1', 'Bearer T1']);
  });

  /** As another realm has them: pairs, and nothing of this realm. */
  const foreign = {
    *[Symbol.iterator](): Generator<[string, string]> {
      yield ['X-One', '1'];
      yield ['x-two', 'B'];
    },
  };

  it.each<[string, NonNullable<ApiOptions['headers']>]>([
    ['Headers', new Headers({ 'X-One': '1', 'x-two': 'B' })],
    ['Headers of another realm', foreign],
    [
      'a Map',
      new Map([
        ['X-One', '1'],
        ['x-two', 'B'],
      ]),
    ],
    [
      'pairs',
      [
        ['X-One', '1'],
        ['x-two', 'B'],
      ],
    ],
    ['an object without a prototype', Object.assign(Object.create(null), { 'X-One': '1', 'x-two': 'B' })],
  ])('may be %s, of a client too', (_, headers) => {
    const both = { 'x-one': '1', 'x-two': 'B' };
    expect(merged({}, headers)).toEqual(both);
    expect(merged(headers)).toEqual(both);
    expect(merged({ 'x-two': 'A' }, headers)).toEqual(both);
  });

  it('of pairs with one name are joined, as fetch does', () => {
    expect(
      merged({ accept: 'text/html' }, [
        ['Accept', 'text/a'],
        ['accept', 'text/b'],
      ]),
    ).toEqual({
      accept: 'text/a, text/b',
    });
  });

  const refused: [string, unknown, string][] = [
    ['null', null, 'headers'],
    ['a text', 'hidden: hidden', 'headers'],
    ['a number', 7, 'headers'],
    ['an iterator, which the first subscription would use up', new Map([['a', 'hidden']]).entries(), 'headers'],
    ['a secret, as pairs are the wrong way round', [['aGlkZGVuLXNlY3JldC10b2tlbg==', 'authorization']], 'headers.…'],
    ['a function', () => ({}), 'headers'],
    ['a date', new Date(0), 'headers'],
    ['a promise', Promise.resolve({ a: 'hidden' }), 'headers'],
    ['values without names', ['hidden'], 'headers'],
    ['a name of two lines', { 'x-a\nhidden': '1' }, 'headers.…'],
    ['a name with a space', [['x a hidden', '1']], 'headers.…'],
    ['an empty name', { '': 'hidden' }, 'headers.…'],
    ['a name that is none', new Map([[{}, 'hidden']]), 'headers'],
    ['a value of two lines', { 'X-A': 'hidden\nx-b: c' }, 'headers.x-a'],
    ['a value with a zero', { 'x-a': 'hidden\0' }, 'headers.x-a'],
    ['a value that cannot travel', { 'x-a': 'hidden č' }, 'headers.x-a'],
    ['a value that is an object', { 'x-a': { hidden: 1 } }, 'headers.x-a'],
    ['a value that is a list', { 'x-a': ['hidden'] }, 'headers.x-a'],
    ['a value that is a symbol', { 'x-a': Symbol('hidden') }, 'headers.x-a'],
  ];

  it.each(refused)('are refused that are, or have, %s: the name is told and the value is not', (_, given, name) => {
    const headers = given as NonNullable<ApiOptions['headers']>; // what JavaScript may pass
    const { api, requests } = createRecorder();
    const { error } = outcomeOf(api.get$('/a', { headers }));
    expect(error).toMatchObject({ code: 'request', message: expect.stringContaining(`: ${name}: expected `) });
    expect(shownOf(error)).not.toContain('hidden');
    expect(requests).toEqual([]);
    expect(() => createRecorder({ headers })).toThrow(TypeError);
    expect(() => createRecorder({ headers })).toThrow(`${name}: expected `);
  });

  it.each(['', ' a\tb ', 'ü\x80ÿ', "!#$%&'*+-.^_`|~"])('may have the value %j', (value) => {
    expect(merged({}, { 'x-a': value })).toEqual({ 'x-a': value });
  });

  it('may be empty', () => {
    expect(merged({ 'x-one': '1' }, { 'x-one': '' })).toEqual({ 'x-one': '' });
  });

  it('may have names that objects have, too', () => {
    expect(Object.entries(merged({ constructor: '1' }, { toString: '2' }) ?? {})).toEqual([
      ['constructor', '1'],
      ['tostring', '2'],
    ]);
  });

  it('are a copy: what the caller does to its own changes nothing', () => {
    const defaults: Record<string, string> = { 'x-one': '1' };
    const own: Record<string, string> = { 'x-two': '2' };
    const { api, requests } = createRecorder({ headers: defaults });
    outcomeOf(api.get$('/a', { headers: own }));
    defaults['x-one'] = 'changed';
    own['x-two'] = 'changed';
    outcomeOf(api.get$('/a'));
    expect(requests.map(({ headers }) => headers)).toEqual([{ 'x-one': '1', 'x-two': '2' }, { 'x-one': '1' }]);
  });

  it('with an authorization among the defaults keep the token away', () => {
    const { api, requests } = createRecorder({
      session: createSignedIn(),
      headers: { Authorization: 'Basic mine' },
    });
    outcomeOf(api.get$('/a'));
    outcomeOf(api.get$('/a', { headers: { authorization: undefined } }));
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Basic mine', 'Bearer T1']);
  });
});
