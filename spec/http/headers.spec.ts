import type { ApiOptions, RequestOptions } from 'renewal';
import { describe, expect, it } from 'vitest';
import { createRecorder, createSignedIn, outcomeOf } from '../support/http-client';

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

  it('that are undefined take a default away', () => {
    expect(merged({ 'X-One': '1', 'x-two': '2' }, { 'x-one': undefined, 'x-none': undefined })).toEqual({
      'x-two': '2',
    });
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
