import type { Body } from 'renewal';
import { firstValueFrom } from 'rxjs';
import type { Context, Echo, Part, Statement } from '../context';
import { apiOf, errorOf, path, same, signedIn, textToBase64, toBase64 } from '../tools';

const post = (context: Context, body?: Body, headers: Record<string, string> = {}): Promise<Echo> =>
  firstValueFrom(apiOf(context).post$<Echo>('/echo', body, { headers }));

const memory = () => Uint8Array.from({ length: 8192 }, (_, index) => index % 251);

/** A buffer as Node makes small ones: a subclass, on a part of memory that others use too. */
class Pooled extends Uint8Array {}

const text = new TextEncoder();

const sent: readonly (readonly [string, () => Body | undefined, string])[] = [
  ['an ArrayBuffer', () => Uint8Array.of(5, 0, 255).buffer, toBase64([5, 0, 255])],
  ['a Uint8Array', () => Uint8Array.of(13, 10, 0), toBase64([13, 10, 0])],
  ['a view of a larger buffer', () => memory().subarray(3, 6), toBase64([3, 4, 5])],
  ['a view of an empty part', () => memory().subarray(3, 3), ''],
  ['a small buffer on shared ground', () => new Pooled(memory().buffer, 100, 3), toBase64([100, 101, 102])],
  ['a view of wider numbers', () => Uint16Array.of(1, 2, 3).subarray(1, 2), toBase64([2, 0])],
  ['a DataView', () => new DataView(memory().buffer, 7, 2), toBase64([7, 8])],
  ['a megabyte', () => new Uint8Array(1_000_000).fill(7).subarray(1), toBase64(new Uint8Array(999_999).fill(7))],
  ['a text', () => 'ü€😀', textToBase64('ü€😀')],
  ['an empty text', () => '', ''],
  ['0 as JSON', () => 0, textToBase64('0')],
  ['false as JSON', () => false, textToBase64('false')],
  ['a list as JSON', () => [1, 'ü', null], textToBase64('[1,"ü",null]')],
  ['a text in a box as JSON', () => Object('ü'), textToBase64('"ü"')],
  ['an object as JSON', () => ({ ü: [1] }), textToBase64('{"ü":[1]}')],
  ['no body for null', () => null, ''],
  ['no body for undefined', () => undefined, ''],
  ['URLSearchParams', () => new URLSearchParams({ a: '1 2', ü: '&' }), textToBase64('a=1+2&%C3%BC=%26')],
  ['a Blob', () => new Blob([Uint8Array.of(0, 255), 'ü']), toBase64([0, 255, 195, 188])],
  ['an empty Blob', () => new Blob(), ''],
  ['a part of a Blob', () => new Blob(['hidden', 'shown']).slice(6), textToBase64('shown')],
  ['a File', () => new File(['a\r\nb'], 'a.txt'), textToBase64('a\r\nb')],
];

const types: readonly (readonly [string, () => Body, Record<string, string>, RegExp])[] = [
  ['of JSON', () => ({ a: 1 }), {}, /^application\/json$/],
  ['of a form', () => new URLSearchParams('a=1'), {}, /^application\/x-www-form-urlencoded;charset=UTF-8$/],
  ['of FormData', () => new FormData(), {}, /^multipart\/form-data; ?boundary=\S+$/],
  ['of a Blob that has one', () => new Blob(['a'], { type: 'image/png' }), {}, /^image\/png$/],
  ['of a Blob that has none', () => new Blob(['a']), {}, /^undefined$/],
  ['of bytes, which have none', () => new Uint8Array(1), {}, /^undefined$/],
  ['of a text', () => 'a', {}, /^text\/plain;charset=utf-8$/i],
  ['of an empty text', () => '', {}, /^text\/plain;charset=utf-8$/i],
  ['that the caller names', () => '<a/>', { 'Content-Type': 'text/xml' }, /^text\/xml$/],
  [
    'that the caller names for JSON',
    () => ({}),
    { 'content-type': 'application/merge-patch+json' },
    /\/merge-patch\+json$/,
  ],
  [
    'that the caller names for a Blob',
    () => new Blob(['a'], { type: 'image/png' }),
    { 'content-type': 'a/b' },
    /^a\/b$/,
  ],
];

const file = Uint8Array.of(0, 13, 10, 45, 45, 255, 13, 10);

const form = (): FormData => {
  const data = new FormData();
  data.append('név', 'é\r\n--€');
  data.append('file', new File([file], 'kép "1".png', { type: 'image/png' }));
  data.append('file', new Blob(['second']));
  return data;
};

const parsed: readonly Part[] = [
  { name: 'név', value: 'é\r\n--€' },
  { name: 'file', file: 'kép "1".png', type: 'image/png', value: toBase64(file) },
  { name: 'file', file: 'blob', type: 'application/octet-stream', value: textToBase64('second') },
];

const streamOf = (...chunks: string[]): ReadableStream =>
  new ReadableStream({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(text.encode(chunk));
      controller.close();
    },
  });

export const bodies: readonly Statement[] = [
  ...sent.map(([what, body, base64]) => ({
    title: `sends ${what}, to the byte`,
    run: async (context: Context) => same((await post(context, body())).base64, base64),
  })),
  ...types.map(([what, body, headers, type]) => ({
    title: `names the type ${what}`,
    run: async (context: Context) => {
      const found = `${(await post(context, body(), headers)).headers['content-type']}`;
      same(type.test(found), true, found);
    },
  })),
  {
    title: 'sends FormData with fields and files so that it can be parsed',
    run: async (context) => same(await firstValueFrom(apiOf(context).post$('/form', form())), parsed),
  },
  {
    title: 'sends PUT, PATCH and DELETE with a body',
    run: async (context) => {
      for (const method of ['PUT', 'PATCH', 'DELETE']) {
        const { body } = await firstValueFrom(apiOf(context).request$<Echo>(method, '/echo', { body: [method] }));
        same([body.method, body.base64], [method, textToBase64(`["${method}"]`)]);
      }
    },
  },
  {
    title: 'sends the body that is an option of delete$, and none without it',
    run: async (context) => {
      const bodies: readonly Body[] = [
        { id: 1 },
        'text',
        Uint8Array.of(0, 255),
        new URLSearchParams('a=1'),
        new Blob(['b']),
      ];
      const api = apiOf(context);
      for (const body of bodies) {
        const echo = await firstValueFrom(api.delete$<Echo>('/echo', { body }));
        same([echo.method, echo.base64], ['DELETE', (await post(context, body)).base64]);
      }
      same((await firstValueFrom(api.delete$<Echo>('/echo'))).base64, '');
    },
  },
  {
    title: 'sends the body of delete$ a second time, with the new token',
    run: async (context) => {
      const { api, refreshes } = signedIn(context);
      const body = { ü: 1 };
      same(await firstValueFrom(api.delete$(path('guarded', { by: 'T2' }), { body })), {
        base64: textToBase64('{"ü":1}'),
      });
      same(refreshes(), 1);
    },
  },
  {
    title: 'sends what bytes were when they were handed over',
    run: async (context) => {
      const bytes = Uint8Array.of(1, 2, 3);
      const echoed = post(context, bytes);
      bytes.fill(9);
      same((await echoed).base64, toBase64([1, 2, 3]));
    },
  },
  {
    title: 'streams a ReadableStream, or refuses it with an error that says so',
    run: async (context) => {
      const { can } = context;
      const request$ = apiOf(context).post$<Echo>('/echo', streamOf('one, ', 'two, ', 'ü'));
      if (can.stream === 'sent') return same((await firstValueFrom(request$)).base64, textToBase64('one, two, ü'));
      const error = await errorOf(request$);
      same([error.code, /stream/.test(error.message)], [can.stream, true], error.message);
    },
  },
  {
    title: 'refuses a stream that has been read, rather than send what is left of it',
    run: async (context) => {
      const body = streamOf('one');
      const reader = body.getReader();
      while (!(await reader.read()).done);
      reader.releaseLock();
      same((await errorOf(apiOf(context).post$('/echo', body))).code, 'request');
    },
  },
  {
    title: 'refuses bytes that have been handed to another thread, rather than send none',
    run: async (context) => {
      for (const make of [() => memory(), () => new DataView(memory().buffer)]) {
        const body = make();
        const { buffer } = body;
        structuredClone(buffer, { transfer: [buffer] });
        for (const api of [apiOf(context), signedIn(context).api])
          same((await errorOf(api.post$('/echo', body))).code, 'request');
      }
    },
  },
  {
    title: 'refuses a body on GET',
    run: async (context) => {
      const { code } = await errorOf(apiOf(context).request$('GET', path('echo'), { body: 'a' }));
      same(code, 'request');
    },
  },
];
