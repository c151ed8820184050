import { runInNewContext } from 'node:vm';
import { createApi, createSession, type HttpResponse, memoryStore, type ResponseType } from 'renewal';
import { firstValueFrom, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ORIGIN, response, virtually } from '../support/virtual';

const LIMIT = 64 * 1024;
const NEVER_SETTLES = new Promise<string>(() => {});
const JSON_TYPE = 'application/json; charset=utf-8';

const bytesOf = (text: string): ArrayBuffer => Uint8Array.from(Buffer.from(text)).buffer;
const blobOf = (text: string): Blob => new Blob([text]);
const textOf = (text: string): string => text;

const kinds: [ResponseType, (text: string) => unknown][] = [
  ['text', textOf],
  ['arraybuffer', bytesOf],
  ['blob', blobOf],
];

/** What `isExpired` is shown of an answer, and what the caller then gets. */
const judged = async (body: unknown, type: string | undefined, responseType: ResponseType = 'blob', status = 200) => {
  const shown: unknown[] = [];
  const session = createSession({
    store: memoryStore({ accessToken: 'T1' }),
    refresh: () => of({ accessToken: 'T2' }),
    isExpired: (seen: HttpResponse) => {
      shown.push(seen.body);
      return false;
    },
  });
  const transport = () => of(response(status, body, type === undefined ? {} : { 'content-type': type }));
  const api = createApi({ baseUrl: ORIGIN, session, transport });
  const got = await firstValueFrom(api.get$('/file', { responseType }));
  return { shown: shown[0], got };
};

/** JSON that is this many characters long. */
const jsonOf = (length: number): string =>
  JSON.stringify({ code: 1002, pad: '' }).replace('""', `"${'x'.repeat(length - 22)}"`);

describe.each(kinds)('an answer that was asked for as %s', (responseType, encode) => {
  it.each([
    JSON_TYPE,
    'application/json',
    'APPLICATION/JSON',
    'application/problem+json',
    'application/vnd.api+json; ext="x"',
    'text/json',
  ])('is shown to isExpired as JSON where its content type is %s', async (type) => {
    const body = encode('{"code":1002,"ü":"č"}');
    expect(await judged(body, type, responseType)).toEqual({ shown: { code: 1002, ü: 'č' }, got: body });
  });

  it.each([
    undefined,
    'text/plain',
    'text/html; note=application/json',
    'application/jsonp',
    'application/octet-stream',
    'application/x-ndjson',
  ])('is shown to isExpired as JSON if it begins like it and its content type is %s', async (type) => {
    const body = encode(' \n{"code":1002}');
    const { shown, got } = await judged(body, type, responseType);
    expect(shown).toEqual({ code: 1002 });
    expect(got).toBe(body);
  });

  it.each(['1002', '"1002"', 'true', 'null', '<p>{"code":1002}</p>', '{"code":1002}\n{"code":0}\n'])(
    'is shown as it is if its content type is text/plain and it holds %j',
    async (text) => {
      const body = encode(text);
      const { shown, got } = await judged(body, 'text/plain', responseType);
      expect(shown).toBe(body);
      expect(got).toBe(body);
    },
  );

  it.each([
    ['what is no JSON', '{"code":1002'],
    ['nothing', ''],
    ['a page', '<h1>1002</h1>'],
  ])('is shown as it is where it holds %s', async (_, text) => {
    const body = encode(text);
    const { shown, got } = await judged(body, JSON_TYPE, responseType);
    expect(shown).toBe(body);
    expect(got).toBe(body);
  });

  it('is looked into up to 64 kB, and no further', async () => {
    const [within, beyond] = [encode(jsonOf(LIMIT)), encode(jsonOf(LIMIT + 1))];
    expect((await judged(within, JSON_TYPE, responseType)).shown).toMatchObject({ code: 1002 });
    const { shown, got } = await judged(beyond, JSON_TYPE, responseType);
    expect(shown).toBe(beyond);
    expect(got).toBe(beyond);
  });

  it.each(['null', '0', 'false', '"text"', '[]'])('may hold any JSON, such as %s', async (text) => {
    expect((await judged(encode(text), JSON_TYPE, responseType)).shown).toEqual(JSON.parse(text));
  });

  it('that says expired costs one refresh, and the caller gets the second response', async () => {
    const [dead, alive] = [encode('{"code":1002}'), encode('{"code":0}')];
    let refreshes = 0;
    const session = createSession({
      store: memoryStore({ accessToken: 'T1' }),
      refresh: () => of({ accessToken: `T${++refreshes + 1}` }),
    });
    const api = createApi({
      baseUrl: ORIGIN,
      session,
      transport: ({ headers }) =>
        of(response(200, headers.authorization === 'Bearer T1' ? dead : alive, { 'content-type': JSON_TYPE })),
    });
    expect(await firstValueFrom(api.get$('/file', { responseType }))).toBe(alive);
    expect(refreshes).toBe(1);
  });
});

describe('an answer that was asked for as json', () => {
  it.each([{ code: 0 }, [1], 0, false, null, 'text', '5', 'null', '{"code":1002}'])(
    'is shown to isExpired as it is: %j',
    async (body) => {
      expect(await judged(body, JSON_TYPE, 'json')).toEqual({ shown: body, got: body });
    },
  );
});

describe('a blob that is never read', () => {
  it('is judged by its status after 5 s', () => {
    virtually(({ expectObservable }) => {
      const blob = Object.assign(new Blob(['{"code":1002}']), { text: () => NEVER_SETTLES });
      const session = createSession({
        store: memoryStore({ accessToken: 'T1' }),
        refresh: () => of({ accessToken: 'T2' }),
      });
      const api = createApi({ baseUrl: ORIGIN, session, transport: () => of(response(200, blob)) });
      expectObservable(api.get$('/file', { responseType: 'blob' })).toBe('5s (a|)', { a: blob });
    });
  });
});

describe('a download of another realm, as a test environment or a polyfill makes it,', () => {
  const text = '{"code":1002}';
  const inOtherRealm = (code: string): unknown => runInNewContext(code, { text, bytes: [...Buffer.from(text)] });

  it.each<[string, ResponseType, string]>([
    ['a buffer', 'arraybuffer', 'Uint8Array.from(bytes).buffer'],
    ['a blob', 'blob', '({ size: text.length, type: "", text: async () => text, slice() {}, arrayBuffer() {} })'],
  ])('is shown to isExpired as JSON: %s', async (_, responseType, code) => {
    const body = inOtherRealm(code);
    expect(body instanceof Object).toBe(false);
    expect(await judged(body, 'text/plain', responseType)).toEqual({ shown: { code: 1002 }, got: body });
  });
});
