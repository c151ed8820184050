import { runInNewContext } from 'node:vm';
import { ajaxTransport, createApi, fetchTransport, type RequestOptions, type Transport } from 'renewal';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { toInvalidRequest } from '../../lib/transports/unsendable';
import { xhrFactory } from '../../lib/transports/xhr';
import { createRecorder, outcomeOf, shownOf } from '../support/http-client';
import { endOf } from '../support/node-client';
import { answerText, startTcpServer } from '../support/tcp-server';
import { sends } from '../support/wire-faults';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** No one listens there, and nothing is to be sent. */
const ORIGIN = 'http://127.0.0.1:9';

const get = (transport: Transport, options?: RequestOptions): Promise<unknown> =>
  endOf(createApi({ baseUrl: ORIGIN, transport }).get$('/a', options));

const transports: readonly (readonly [string, () => Transport])[] = [
  ['ajaxTransport', ajaxTransport],
  ['fetchTransport', fetchTransport],
];

/** An `XMLHttpRequest` that refuses a header as a browser's does. */
class Refusing {
  readonly upload = {};
  timeout = 0;
  responseType = '';
  open(): void {}
  addEventListener(): void {}
  setRequestHeader(name: string, value: string): void {
    new Headers({ [name]: value });
  }
  send(): void {}
  abort(): void {}
}

// For rxjs/ajax.
const browsers = (): Transport => ajaxTransport({ createXHR: () => new Refusing() as unknown as XMLHttpRequest });

describe.each([...transports, ['ajaxTransport in a browser', browsers] as const])('over %s a header', (_, make) => {
  it.each([
    ['with a line break', { 'x-one': '1', 'x-two': 'hidden\nx-b: c' }, 'headers.x-two: '],
    ['beyond latin1', { 'x-two': 'hidden č' }, 'headers.x-two: '],
    ['with a NUL', { 'x-two': 'hidden\0' }, 'headers.x-two: '],
    ['with a name that is none', { 'x two': 'hidden' }, 'headers.…: '],
    ['with an empty name', { '': 'hidden' }, 'headers.…: '],
  ])('%s is named, and its value is not quoted', async (_, headers, message) => {
    const error = await get(make(), { headers });
    expect(error).toMatchObject({ code: 'request', message: expect.stringContaining(message) });
    expect(shownOf(error)).not.toContain('hidden');
  });
});

it('a header that the connection sets is named by ajaxTransport in Node', async () => {
  const error = await get(ajaxTransport(), { headers: { 'content-length': '1' } });
  expect(error).toMatchObject({ code: 'request', message: expect.stringContaining('headers.content-length: ') });
});

describe('a part of the platform that is missing is named:', () => {
  it('XMLHttpRequest, with the cure', async () => {
    const transport = ajaxTransport({ createXHR: xhrFactory() });
    expect(await get(transport)).toMatchObject({
      code: 'request',
      message: expect.stringMatching(/no XMLHttpRequest here.*condition `node`.*fetchTransport\(\)/),
    });
  });

  it('what is missing beside an XMLHttpRequest that is there', async () => {
    const transport = ajaxTransport({
      createXHR: () => {
        throw new ReferenceError('Response is not defined');
      },
    });
    const error = await get(transport);
    expect(error).toMatchObject({ code: 'request', message: expect.stringContaining('there is no Response here') });
  });

  it.each([
    ['AbortController', 'json'],
    ['TextDecoder', 'json'],
    ['TextDecoder', 'text'],
    ['Blob', 'blob'],
  ] as const)('%s, by fetchTransport for %s', async (name, responseType) => {
    vi.stubGlobal(name, undefined);
    Reflect.deleteProperty(globalThis, name);
    const error = await get(fetchTransport({ fetch: async () => new Response('1') }), { responseType });
    expect(error).toMatchObject({ code: 'request', message: expect.stringContaining(`there is no ${name} here`) });
  });

  it('Blob, by ajaxTransport in Node', async () => {
    const server = await startTcpServer();
    server.act = sends(answerText('1'));
    const api = createApi({ baseUrl: server.origin, transport: ajaxTransport() });
    vi.stubGlobal('Blob', undefined);
    Reflect.deleteProperty(globalThis, 'Blob');
    const error = await endOf(api.get$('/a', { responseType: 'blob' }));
    expect(error).toMatchObject({ code: 'request', message: expect.stringContaining('there is no Blob here') });
    await server.close();
  });

  it('one of another realm, as an error is there', async () => {
    const { api, requests } = createRecorder();
    outcomeOf(api.get$('/a'));
    const [request] = requests;
    if (!request) throw new Error('no request was made');
    const error: unknown = runInNewContext('new ReferenceError("Blob is not defined")');
    expect(toInvalidRequest(error, request).message).toContain('there is no Blob here');
  });

  it('Request, by fetchTransport for a stream', async () => {
    vi.stubGlobal('Request', undefined);
    Reflect.deleteProperty(globalThis, 'Request');
    const error = await endOf(
      createApi({ baseUrl: ORIGIN, transport: fetchTransport() }).post$('/a', new ReadableStream()),
    );
    expect(error).toMatchObject({ code: 'request', message: expect.stringContaining('there is no Request here') });
  });

  it.each([
    ['V8 and Firefox', 'Blob is not defined'],
    ['Safari', "Can't find variable: Blob"],
    ['Hermes', "Property 'Blob' doesn't exist"],
  ])('as %s words it', (_, message) => {
    const { api, requests } = createRecorder();
    outcomeOf(api.get$('/a'));
    const [request] = requests;
    if (!request) throw new Error('no request was made');
    expect(toInvalidRequest(new ReferenceError(message), request).message).toContain('there is no Blob here');
  });
});

describe('an option', () => {
  const wrong = <T>(value: unknown) => value as T; // what plain JavaScript may pass

  it.each<[string, unknown]>([
    ['createXHR', { createXHR: 'XMLHttpRequest' }],
    ['createXHR', { createXHR: {} }],
    ['createXHR', { createXHR: null }],
    ['agents', { agents: 1 }],
    ['agents', { agents: null }],
    ['agents.http', { agents: { http: {} } }],
    ['agents.https', { agents: { https: null } }],
    ...[0, -1, 1.5, Number.NaN, '1', null].map((maxResponseBytes): [string, unknown] => [
      'maxResponseBytes',
      { maxResponseBytes },
    ]),
    ['options', null],
    ['options', 1],
  ])('%s of ajaxTransport that is wrong is a TypeError that names it: %j', (name, options) => {
    expect(() => ajaxTransport(wrong(options))).toThrow(expect.objectContaining({ name: 'TypeError' }));
    expect(() => ajaxTransport(wrong(options))).toThrow(new RegExp(`^${name}: `));
  });

  it.each<[string, unknown]>([
    ['fetch', { fetch: 'fetch' }],
    ['fetch', { fetch: null }],
    ...[0, -1, 1.5, Number.NaN, '1', null].map((maxResponseBytes): [string, unknown] => [
      'maxResponseBytes',
      { maxResponseBytes },
    ]),
    ['options', null],
    ['options', fetch],
  ])('%s of fetchTransport that is wrong is a TypeError that names it: %j', (name, options) => {
    expect(() => fetchTransport(wrong(options))).toThrow(expect.objectContaining({ name: 'TypeError' }));
    expect(() => fetchTransport(wrong(options))).toThrow(new RegExp(`^${name}: `));
  });

  it('agents may be of another realm, as those of Node are in Jest', () => {
    const agent = runInNewContext('({ addRequest() {} })');
    expect(() => ajaxTransport({ agents: { http: agent } })).not.toThrow();
  });

  it.each(transports)('that is undefined is none, and Infinity is no limit: %s', (_, make) => {
    const transport = make as (options: object) => Transport;
    const all = { createXHR: undefined, agents: undefined, fetch: undefined };
    for (const maxResponseBytes of [undefined, Infinity, 1])
      expect(() => transport({ ...all, maxResponseBytes })).not.toThrow();
  });
});
