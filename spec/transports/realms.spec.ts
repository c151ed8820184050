import { runInNewContext } from 'node:vm';
import {
  ajaxTransport,
  type Body,
  createApi,
  createSession,
  fetchTransport,
  memoryStore,
  type Transport,
} from 'renewal';
import { firstValueFrom, of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { copyMutableBody, kindOf } from '../../lib/http/body';
import { type Echo, echo, type HttpServer, startHttpServer } from '../support/http-server';
import { endOf } from '../support/node-client';
import { requestOf } from '../support/request';

let server: HttpServer;

beforeEach(async () => {
  server = await startHttpServer();
  server.answer = echo;
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await server.close();
});

/** A file as a polyfill or a test environment makes one: by its members only. */
class ForeignFile {
  readonly size: number;
  readonly type: string;
  readonly name: string;
  readonly #text: string;

  constructor(text: string, name = 'a.txt', type = 'text/x') {
    this.#text = text;
    this.size = text.length;
    this.type = type;
    this.name = name;
  }

  slice(): ForeignFile {
    return this;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return Uint8Array.from(Buffer.from(this.#text)).buffer;
  }
}

/** A form as React Native, workerd before 2024-09-26 and happy-dom 20 have it: without `Symbol.toStringTag`. */
class ForeignForm {
  readonly fields: [string, string | ForeignFile][] = [];

  append(name: string, value: string | ForeignFile): void {
    this.fields.push([name, value]);
  }

  delete(): void {}
  get(): void {}
  getAll(name: string): unknown[] {
    return this.fields.filter(([other]) => other === name);
  }
  has(): void {}
  set(): void {}

  *entries(): IterableIterator<[string, string | ForeignFile]> {
    yield* this.fields;
  }
}

/**
 * The same with a tag, as jsdom and `formdata-polyfill` have it: Node's `Response` makes the text `[object FormData]`
 * of it.
 */
class TaggedForm extends ForeignForm {
  get [Symbol.toStringTag](): string {
    return 'FormData';
  }
}

/** React Native's, which cannot be listed. */
class NativeForm {
  readonly _parts: [string, unknown][] = [];

  append(name: string, value: unknown): void {
    this._parts.push([name, value]);
  }

  getParts(): unknown[] {
    return this._parts;
  }
}

const filled = <Form extends { append(name: string, value: never): void }>(form: Form): Form => {
  // Each form takes what it is given here.
  const append = (name: string, value: unknown) => form.append(name, value as never);
  append('név', 'é\r\n--€\n');
  append('file "1"\r\n', new ForeignFile('byt€s', 'kép "1"\r\n.png', 'image/png'));
  append('file', new ForeignFile('', 'b', ''));
  return form;
};

/** What a server makes of it. */
const parsed = ({ headers, bytes }: Echo): Promise<FormData> =>
  new Response(Uint8Array.from(bytes), { headers: { 'content-type': `${headers['content-type']}` } }).formData();

const transports: readonly (readonly [string, () => Transport])[] = [
  ['ajaxTransport', ajaxTransport],
  ['fetchTransport', fetchTransport],
];

describe.each(transports)('over %s in Node, a body', (_, transportOf) => {
  const api = () => createApi({ baseUrl: server.origin, transport: transportOf(), timeoutMs: 5_000 });
  // Plain JavaScript.
  const post = (body: unknown): Promise<Echo> => firstValueFrom(api().post$<Echo>('/a', body as Body));

  it.each([
    ['without a tag', () => new ForeignForm()],
    ['with a tag', () => new TaggedForm()],
  ])('that is a form of another make %s arrives as a form', async (_, form) => {
    const seen = await post(filled(form()));
    expect(seen.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    const found = await parsed(seen);
    expect(found.get('név')).toBe('é\r\n--€\r\n');
    const file = found.get('file "1"\r\n') as File; // it was appended as one
    expect([file.name, file.type, await file.text()]).toEqual(['kép "1"\r\n.png', 'image/png', 'byt€s']);
    expect(found.get('file')).toMatchObject({ name: 'b', type: 'application/octet-stream', size: 0 });
  });

  it('that is a form begins no header by the type of a file with line breaks', async () => {
    const form = new ForeignForm();
    form.append('f', new ForeignFile('1', 'a.txt', 'text/plain\r\nx-injected: 1'));
    const text = `${Buffer.from((await post(form)).bytes)}`;
    expect(text).not.toContain('x-injected');
    expect(text).toContain('content-type: application/octet-stream');
  });

  it('that is a form without a field list is refused with a clear message', async () => {
    const error = await endOf(api().post$('/a', filled(new NativeForm())));
    expect(error).toMatchObject({
      code: 'request',
      message: expect.stringContaining('form that cannot be read'),
    });
  });

  it('that is a form with an unreadable file is refused with a clear message', async () => {
    const form = new ForeignForm();
    form.append('a', Object.assign(new ForeignFile('hidden'), { arrayBuffer: undefined }));
    const error = await endOf(api().post$('/a', form));
    expect(error).toMatchObject({ code: 'request', message: expect.stringContaining('file that cannot be read') });
  });

  it('that is a blob of another make is sent to the byte, with its type', async () => {
    const { headers, bytes } = await post(new ForeignFile('byt€s'));
    expect([headers['content-type'], bytes]).toEqual(['text/x', [...Buffer.from('byt€s')]]);
  });

  it.each([
    ['an ArrayBuffer', 'new Uint8Array([1, 2, 3]).buffer'],
    ['a view', 'new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 4)'],
    ['a DataView', 'new DataView(new Uint8Array([0, 1, 2, 3]).buffer, 1)'],
    ['shared memory', 'new Uint8Array(new SharedArrayBuffer(3)).fill(1, 0, 1).fill(2, 1, 2).fill(3, 2).buffer'],
  ])('that is %s of another realm is sent to the byte', async (_, code) => {
    expect((await post(runInNewContext(code))).bytes).toEqual([1, 2, 3]);
  });

  it.each([
    ['an object', '({ a: 1 })', '{"a":1}'],
    ['a list', '[1]', '[1]'],
    ['an object without a prototype', 'Object.assign(Object.create(null), { a: 1 })', '{"a":1}'],
    ['a date', 'new Date(0)', '"1970-01-01T00:00:00.000Z"'],
  ])('that is %s of another realm is JSON', async (_, code, json) => {
    expect(Buffer.from((await post(runInNewContext(code))).bytes).toString()).toBe(json);
  });

  it('that calls itself a buffer and is none is refused, not sent as nothing', async () => {
    class Ring {
      get [Symbol.toStringTag]() {
        return 'RingBuffer';
      }
    }
    expect(await endOf(api().post$('/a', new Ring()))).toMatchObject({
      code: 'request',
      message: expect.stringContaining('RingBuffer'),
    });
  });

  it.each([
    ['URLSearchParams without a tag', { append() {}, getAll() {}, sort() {}, toString: (): string => 'a=1' }],
    [
      'URLSearchParams with a tag',
      { append() {}, getAll() {}, toString: (): string => 'a=1', [Symbol.toStringTag]: 'URLSearchParams' },
    ],
  ])('that is %s is sent as its text', async (_, params) => {
    const { headers, bytes } = await post(params);
    expect(Buffer.from(bytes).toString()).toBe('a=1');
    expect(headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
  });
});

describe('a stream of another make', () => {
  const streamOf = (text: string) => {
    const pieces = [Uint8Array.from(Buffer.from(text))];
    const getReader = () => ({
      read: async () => ({ value: pieces[0], done: !pieces.shift() }),
      cancel: async () => {},
      releaseLock: () => {},
    });
    return { getReader };
  };

  it('is sent by ajaxTransport in Node', async () => {
    const api = createApi({ baseUrl: server.origin, timeoutMs: 5_000 });
    expect(await firstValueFrom(api.post$<Echo>('/a', streamOf('text')))).toMatchObject({
      bytes: [...Buffer.from('text')],
    });
  });

  it('is refused by fetchTransport', async () => {
    const api = createApi({ baseUrl: server.origin, transport: fetchTransport(), timeoutMs: 5_000 });
    expect(await endOf(api.post$('/a', streamOf('text')))).toMatchObject({
      code: 'request',
      message: expect.stringContaining('stream'),
    });
  });
});

describe('where the globals are those of jsdom and fetch is that of Node', () => {
  it.each(transports)('a form arrives as a form: %s', async (_, transportOf) => {
    vi.stubGlobal('FormData', TaggedForm);
    vi.stubGlobal('Blob', ForeignFile);
    const api = createApi({ baseUrl: server.origin, transport: transportOf(), timeoutMs: 5_000 });
    const found = await parsed(await firstValueFrom(api.post$<Echo>('/a', filled(new TaggedForm()))));
    expect(found.get('név')).toBe('é\r\n--€\r\n');
  });

  it('a form needs no Response, which Jest with jsdom does not have', async () => {
    vi.stubGlobal('Response', undefined);
    const api = createApi({ baseUrl: server.origin, timeoutMs: 5_000 });
    const form = new FormData();
    form.append('a', new File(['text'], 'a.txt'));
    const { headers, bytes } = await firstValueFrom(api.post$<Echo>('/a', form));
    expect(headers['content-type']).toMatch(/^multipart/);
    expect(Buffer.from(bytes).toString()).toContain('filename="a.txt"');
  });

  it('a form is right in Bun, whose Response forgets the type once its body was taken', async () => {
    const { Response: Real } = globalThis;
    class Forgetful extends Real {
      override get body() {
        this.headers.delete('content-type');
        return super.body;
      }
    }
    vi.stubGlobal('Response', Forgetful);
    const api = createApi({ baseUrl: server.origin, timeoutMs: 5_000 });
    const typed = await firstValueFrom(api.post$<Echo>('/a', new Blob(['a'], { type: 'image/png' })));
    expect(typed.headers['content-type']).toBe('image/png');
    const form = await firstValueFrom(api.post$<Echo>('/a', new FormData()));
    expect(form.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
  });
});

describe('over an XMLHttpRequest of a browser, a body', () => {
  /** One that records what it is given to send. */
  const recording = (sent: unknown[]) =>
    class {
      readonly upload = {};
      readyState = 0;
      timeout = 0;
      responseType = '';
      open(): void {}
      setRequestHeader(): void {}
      addEventListener(): void {}
      abort(): void {}
      send(body?: unknown): void {
        sent.push(body);
      }
    } as unknown as new () => XMLHttpRequest; // as far as rxjs/ajax goes

  const sentOver = (body: unknown): { sent: unknown[]; error?: unknown } => {
    const sent: unknown[] = [];
    const outcome: { sent: unknown[]; error?: unknown } = { sent };
    const Recording = recording(sent);
    const api = createApi({ baseUrl: server.origin, transport: ajaxTransport({ createXHR: () => new Recording() }) });
    api.post$('/a', body as Body).subscribe({
      error: (error) => {
        outcome.error = error;
      },
    });
    return outcome;
  };

  it.each([
    ['a form', () => new FormData()],
    ['a blob', () => new Blob(['a'])],
    ['a file', () => new File(['a'], 'a')],
  ])('that is %s of the platform is handed over as it is', (_, make) => {
    const body = make();
    expect(sentOver(body).sent).toEqual([body]);
    expect(sentOver(body).sent[0]).toBe(body);
  });

  it('that the platform has without a tag is handed over, and no JSON is made of it', () => {
    vi.stubGlobal('FormData', NativeForm);
    vi.stubGlobal('Blob', ForeignFile);
    for (const body of [new NativeForm(), new ForeignFile('a')]) expect(sentOver(body).sent[0]).toBe(body);
  });

  it.each([
    ['form', () => new ForeignForm()],
    ['form', () => new TaggedForm()],
    ['blob', () => new ForeignFile('hidden')],
  ])('that is a %s of another make is refused', (kind, make) => {
    const { sent, error } = sentOver(make());
    expect(sent).toEqual([]);
    expect(error).toMatchObject({ code: 'request', message: expect.stringContaining(`this ${kind}`) });
  });
});

/** One that adds a field by itself, and needs an argument. */
class WithDefaults extends FormData {
  constructor(id: string) {
    super();
    this.append('id', id.toString());
  }
}

describe('a form of a class that changes what is appended', () => {
  class Shouting extends FormData {
    constructor() {
      super();
      this.append('csrf', 't');
    }
    override append(name: string, value: string | Blob): void {
      super.append(name.toUpperCase(), value as string); // or a file, which the platform takes as well
    }
  }

  it('is copied as it is', () => {
    const form = new Shouting();
    form.append('a', '1');
    const copied = copyMutableBody(requestOf({ method: 'POST', body: form }));
    expect([...(copied as FormData)]).toEqual([
      ['CSRF', 't'],
      ['A', '1'],
    ]);
  });

  it('is left alone if no form can be made like it', () => {
    const form = { append: () => {}, getAll: () => [], entries: () => [['a', '1']] };
    expect(copyMutableBody(requestOf({ method: 'POST', body: form }))).toBe(form);
  });
});

describe('a form that the caller changes while the request waits', () => {
  const fieldsOf = (body: unknown): unknown[] => [...(Object(body).entries?.() ?? Object(body)._parts)];
  const forms: readonly (readonly [string, () => { append(name: string, value: string): void }])[] = [
    ['of the platform', () => new FormData()],
    ['of another make', () => new ForeignForm()],
    ['of React Native', () => new NativeForm()],
    ['of a class that extends the platform’s', () => new WithDefaults('0')],
  ];

  it.each(forms)('%s is sent as it was, both times', (_, make) => {
    const form = make();
    form.append('a', '1');
    const before = fieldsOf(form);
    const session = createSession({
      refresh: () => of({ accessToken: 'T2' }),
      store: memoryStore({ accessToken: 'T1' }),
    });
    const bodies: unknown[] = [];
    const api = createApi({
      baseUrl: server.origin,
      session,
      transport: (request) => {
        bodies.push(fieldsOf(request.body));
        form.append('b', '2');
        const status = request.headers.authorization === 'Bearer T2' ? 200 : 401;
        return of({ type: 'response', status, statusText: '', headers: {}, url: request.url, body: null });
      },
    });
    api.post$('/a', form).subscribe();
    expect(bodies).toEqual([before, before]);
    expect(fieldsOf(form)).not.toEqual(before);
  });

  it('is the caller’s own where there is no session, and nothing waits', () => {
    const form = new FormData();
    const bodies: unknown[] = [];
    const api = createApi({
      baseUrl: server.origin,
      transport: ({ body, url }) => {
        bodies.push(body);
        return of({ type: 'response', status: 200, statusText: '', headers: {}, url, body: null });
      },
    });
    api.post$('/a', form).subscribe();
    expect(bodies).toEqual([form]);
    expect(bodies[0]).toBe(form);
  });
});

describe('kindOf', () => {
  it.each<[string, unknown, string | undefined]>([
    ['null', null, undefined],
    ['a text', 'text', undefined],
    ['a plain object', { append: 1, size: 1, type: 'x' }, undefined],
    ['an object with a toJSON', { getReader() {}, toJSON() {} }, undefined],
    ['a list', [], undefined],
    ['Headers', new Headers(), undefined],
    ['a Map', new Map(), undefined],
    ['a Buffer', Buffer.from('a'), 'bytes'],
    ['FormData', new FormData(), 'form'],
    ['URLSearchParams', new URLSearchParams(), 'params'],
    ['a File', new File([], 'a'), 'blob'],
    ['a ReadableStream', new ReadableStream(), 'stream'],
    ['the form of the package form-data, a stream of Node', { append() {}, getAll() {}, pipe() {} }, undefined],
  ])('of %s', (_, body, kind) => {
    expect(kindOf(body)).toBe(kind);
  });
});
