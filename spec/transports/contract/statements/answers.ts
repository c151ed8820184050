import type { HttpResponse, RequestOptions } from 'renewal';
import { firstValueFrom } from 'rxjs';
import type { Context, Echo, Reply, Statement } from '../context';
import { apiOf, errorOf, holds, replyPath, same, toBase64 } from '../tools';

const get = (context: Context, reply: Reply, options?: RequestOptions): Promise<HttpResponse> =>
  firstValueFrom(apiOf(context).request$('GET', replyPath(reply), options));

const TYPES = ['json', 'text', 'blob', 'arraybuffer'] as const;

const bytesOf = async (body: unknown): Promise<string> => {
  const buffer = body instanceof Blob ? await body.arrayBuffer() : body;
  holds(buffer instanceof ArrayBuffer, 'it is bytes');
  return toBase64(new Uint8Array(buffer as ArrayBuffer)); // as the line above has shown
};

const ofJson: readonly string[] = [
  '{"ü":[1]}',
  'null',
  '0',
  'false',
  '""',
  '"text"',
  '[]',
  ' {"a":1}\n',
  '\ufeff{"a":1}',
];

const notJson: readonly string[] = ['<h1>hidden</h1>', '{"hidden":', 'hidden', '{"a":1}{', ' '];

const texts: readonly (readonly [string, Reply, string])[] = [
  ['UTF-8', { text: 'ü€😀' }, 'ü€😀'],
  ['UTF-8 with a mark in front', { text: '\ufeffü' }, 'ü'],
  [
    'the charset that it names',
    { base64: toBase64([0xfc]), headers: { 'content-type': 'text/plain; charset=iso-8859-1' } },
    'ü',
  ],
  [
    'a charset in quotes',
    { base64: toBase64([0xfc]), headers: { 'content-type': 'text/plain;Charset="latin1"' } },
    'ü',
  ],
  ['UTF-8 where the charset is none', { text: 'ü', headers: { 'content-type': 'text/plain; charset=none' } }, 'ü'],
  ['what was compressed', { text: 'ü', zip: true }, 'ü'],
  ['nothing', {}, ''],
];

/** Those of whose body there is nothing to say. */
const empty: readonly (readonly [string, Reply, Record<string, string>?])[] = [
  ['204', { status: 204 }],
  ['205', { status: 205 }],
  ['304', { status: 304 }, { 'if-none-match': '"1"' }],
];

const ofErrors: readonly (readonly [string, string, unknown])[] = [
  ['parsed', '{"message":"no"}', { message: 'no' }],
  ['as a text where it is no JSON', '<h1>no</h1>', '<h1>no</h1>'],
  ['null where there is none', '', null],
];

export const answers: readonly Statement[] = [
  ...ofJson.map((text) => ({
    title: `parses JSON, whatever the content type: ${JSON.stringify(text)}`,
    run: async (context: Context) => {
      for (const type of ['application/json', 'text/plain']) {
        const { body } = await get(context, { text, headers: { 'content-type': type } });
        same(body, JSON.parse(text.replace(/^\ufeff/, '')));
      }
    },
  })),
  ...notJson.map((text) => ({
    title: `ends with an error where it is not JSON, and does not show it: ${JSON.stringify(text)}`,
    run: async (context: Context) => {
      const error = await errorOf(apiOf(context).get$(replyPath({ text })));
      same([error.code, error.response?.status, error.response?.body], ['parse', 200, text]);
      holds(!`${error.message}${JSON.stringify(error)}`.includes('hidden'), 'the error shows nothing of it');
    },
  })),
  {
    title: 'that is not JSON leaves the first 200 characters of its text in the error',
    run: async (context) => {
      const { code, response } = await errorOf(apiOf(context).get$(replyPath({ text: 'abc', times: 100_000 })));
      same([code, response?.body], ['parse', 'abc'.repeat(67).slice(0, 200)]);
    },
  },
  {
    title: 'is requested as JSON if it is decoded as JSON, whatever the method',
    run: async (context) => {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const { body } = await firstValueFrom(apiOf(context).request$<Echo>(method, '/echo'));
        same(body.headers.accept, 'application/json, text/plain, */*', method);
      }
    },
  },
  {
    title: 'is requested as the caller says',
    run: async (context) => {
      for (const name of ['accept', 'Accept']) {
        const headers = { [name]: 'application/vnd.shop+json' };
        const { body } = await firstValueFrom(apiOf(context).request$<Echo>('GET', '/echo', { headers }));
        same(body.headers.accept, 'application/vnd.shop+json', name);
      }
    },
  },
  {
    title: 'is null where JSON was asked for and nothing came',
    run: async (context) => same((await get(context, {})).body, null),
  },
  ...empty.map(([status, reply, headers = {}]) => ({
    title: `is null for ${status}, whatever was asked for`,
    run: async (context: Context) => {
      for (const responseType of TYPES)
        same((await get(context, reply, { responseType, headers })).body, null, responseType);
    },
  })),
  {
    title: 'is null for HEAD, with the headers that GET would have',
    run: async (context) => {
      for (const responseType of TYPES) {
        const head$ = apiOf(context).request$('HEAD', replyPath({ text: '{"a":1}' }), { responseType });
        const { body, headers } = await firstValueFrom(head$);
        same([body, headers['content-length']], [null, '7'], responseType);
      }
    },
  },
  ...texts.map(([what, reply, text]) => ({
    title: `is a text as asked: ${what}`,
    run: async (context: Context) => same((await get(context, reply, { responseType: 'text' })).body, text),
  })),
  {
    title: 'is bytes as asked',
    run: async (context) => {
      const base64 = toBase64([0, 255, 13, 10, 128]);
      const { body } = await get(context, { base64 }, { responseType: 'arraybuffer' });
      same([body instanceof ArrayBuffer, await bytesOf(body)], [true, base64]);
      const { body: nothing } = await get(context, {}, { responseType: 'arraybuffer' });
      same(await bytesOf(nothing), '');
    },
  },
  {
    title: 'is a blob as asked, with its type',
    run: async (context) => {
      const base64 = toBase64([0, 255, 13, 10, 128]);
      const headers = { 'content-type': 'image/png' };
      const { body } = await get(context, { base64, headers }, { responseType: 'blob' });
      same([body instanceof Blob, Object(body).type, await bytesOf(body)], [true, 'image/png', base64]);
    },
  },
  ...ofErrors.map(([how, text, body]) => ({
    title: `of an error has its body ${how}`,
    run: async (context: Context) => {
      for (const status of [400, 404, 422, 500, 503]) {
        const error = await errorOf(apiOf(context).get$(replyPath({ status, text, headers: { 'x-one': '1' } })));
        same([error.code, error.response?.status, error.response?.body], ['status', status, body]);
      }
    },
  })),
  {
    title: 'of an error is a text, a blob or bytes where that was asked for',
    run: async (context) => {
      const reply = replyPath({ status: 500, text: '{"a":1}' });
      for (const responseType of ['text', 'blob', 'arraybuffer'] as const) {
        const { response } = await errorOf(apiOf(context).get$(reply, { responseType }));
        if (responseType === 'text') same(response?.body, '{"a":1}');
        else same(await bytesOf(response?.body), btoa('{"a":1}'), responseType);
      }
    },
  },
  {
    title: 'has its headers in lower case, its status, and where it came from',
    run: async (context) => {
      const reply = {
        status: 201,
        text: '1',
        headers: { 'Content-Type': 'text/plain', 'X-One': 'A: b, c', 'X-two': ['1', '2'] },
      };
      const { headers, ...answer } = await get(context, reply);
      same(answer, {
        type: 'response',
        status: 201,
        statusText: 'Created',
        url: `${context.origins.own}${replyPath(reply)}`,
        body: 1,
      });
      same([headers['content-type'], headers['x-one'], headers['x-two']], ['text/plain', 'A: b, c', '1, 2']);
    },
  },
  {
    title: 'shows set-cookie whole, a line for each, where the platform shows it',
    run: async (context) => {
      const cookies = ['a=1; Expires=Wed, 21 Oct 2065 07:28:00 GMT', 'b=2; HttpOnly'];
      const { headers } = await get(context, { text: '1', headers: { 'set-cookie': cookies } });
      same(headers['set-cookie'], context.can.setCookie ? cookies.join('\n') : undefined);
    },
  },
];
