import { type Api, type HttpResponse, NetworkError, ResponseParseError, SchemaError } from 'renewal';
import { ndjson$, type StreamOptions, sse$ } from 'renewal/stream';
import { map, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { MAX_CHARACTERS } from '../../lib/stream/lines';
import { createStreams, head, logOf } from './fake';

/** Lets all promises settle. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

const Order = z.object({ id: z.number() });
const AsyncOrder = z.object({ id: z.number().refine(async (id) => id < 10) });
const SECRET = 'eyJhbGciOi';

/** Each stream, how its server writes a value, and the type of its responses. */
const STREAMS: [
  string,
  <T>(api: Api, options?: StreamOptions<T>) => Observable<unknown>,
  (text: string) => string,
  string,
][] = [
  [
    'sse$',
    (api, options) => sse$(api, '/a', options).pipe(map(({ data }) => data)),
    (text) => `data: ${text}\n\n`,
    'text/event-stream',
  ],
  ['ndjson$', (api, options) => ndjson$(api, '/a', options), (text) => `${text}\n`, 'application/x-ndjson'],
];

describe.each(STREAMS)('%s', (_name, open$, write, type) => {
  const start = async <T>(options: StreamOptions<T>, ...texts: string[]) => {
    const { api, connections } = createStreams((_nth, request) => {
      const stream = connections.at(-1);
      return stream?.request === request ? head(stream.body, { headers: { 'content-type': type } }) : undefined;
    });
    const { log, errors } = logOf(open$(api, options));
    for (const text of texts) connections[0]?.send(write(text));
    await settle();
    return { log, errors, connection: connections[0] };
  };

  it('emits texts', async () => {
    expect((await start({ parse: 'text' }, 'a b', '{"c":1}')).log).toEqual(['a b', '{"c":1}']);
  });

  it('emits parsed JSON', async () => {
    expect((await start({ parse: 'json' }, '{"a":1}', 'null', '"b"', ' 1 ')).log).toEqual([{ a: 1 }, null, 'b', 1]);
  });

  it.each([
    ['synchronous', Order],
    ['asynchronous', AsyncOrder],
  ])('emits the output of a schema that is %s', async (_kind, schema) => {
    const { log } = await start({ parse: 'json', schema }, '{"id":1,"more":2}', '{"id":2}');
    expect(log).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('fails with what is not JSON, after what came before', async () => {
    const { log, errors, connection } = await start({ parse: 'json' }, '1', `{${SECRET}${'x'.repeat(300)}`, '2');
    expect(log).toEqual([1, 'parse']);
    expect(errors[0]).toBeInstanceOf(ResponseParseError);
    const { message, response } = errors[0] as ResponseParseError;
    expect(message).toBe('GET https://api.test/a: an event or line is not JSON');
    expect(response.body).toHaveLength(200);
    expect(connection?.isCancelled).toBe(true);
  });

  it.each([
    ['synchronous', Order],
    ['asynchronous', AsyncOrder],
  ])('fails with what does not match a schema that is %s', async (_kind, schema) => {
    const { log, errors, connection } = await start(
      { parse: 'json', schema },
      '{"id":1}',
      `{"id":"${SECRET}"}`,
      '{"id":2}',
    );
    expect(log).toEqual([{ id: 1 }, 'schema']);
    const error = errors[0] as SchemaError;
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.message).toBe('GET https://api.test/a: its body does not match the schema at id');
    expect(JSON.stringify(error)).not.toContain(SECRET);
    expect(error.issues).toMatchObject([{ path: ['id'] }]);
    expect((error.response as HttpResponse).body).toEqual({ id: SECRET });
    expect(connection?.isCancelled).toBe(true);
  });

  it('shows the keys of issues that are objects', async () => {
    const issues = [{ message: 'no', path: [{ key: 'a' }, 'b', 0, Symbol.iterator] }, { message: 'nor' }];
    const schema = { '~standard': { version: 1 as const, vendor: 'test', validate: () => ({ issues }) } };
    const { errors } = await start({ schema }, '1');
    expect((errors[0] as SchemaError).issues).toEqual([
      { message: 'no', path: ['a', 'b', 0, Symbol.iterator] },
      { message: 'nor', path: [] },
    ]);
  });

  it.each([[new RangeError('schema')], [new NetworkError('schema')], [undefined]])(
    'fails with what a schema throws: %s',
    async (thrown) => {
      const validate = () => {
        throw thrown;
      };
      const schema = { '~standard': { version: 1 as const, vendor: 'test', validate } };
      for (const reconnect of [false, { delayMs: 0 }]) {
        const { errors } = await start({ schema, reconnect }, '1');
        expect(errors).toEqual([thrown]);
      }
    },
  );

  it('has a limit, beyond which it does not reconnect', async () => {
    const { log, errors } = await start(
      { parse: 'text', reconnect: { delayMs: 0 } },
      '1',
      'x'.repeat(MAX_CHARACTERS + 1),
    );
    expect(log).toEqual(['1', 'network']);
    expect(errors[0]?.message).toBe(
      `GET https://api.test/a: an event or line has more than ${MAX_CHARACTERS} characters`,
    );
  });
});

describe('ndjson$', () => {
  const typed = (type: string) => createStreams(() => head(null, { headers: { 'content-type': type } }));

  it('emits a last line without an end, and completes', async () => {
    const { api, connections } = createStreams((nth) =>
      head(connections[nth]?.body, { headers: { 'content-type': 'application/jsonl' } }),
    );
    const { log } = logOf(ndjson$(api, '/a'));
    connections[0]?.send('1\r\n\n2');
    connections[0]?.end();
    await settle();
    expect(log).toEqual([1, 2, 'complete']);
  });

  it('asks for lines', () => {
    const { api, connections } = createStreams();
    logOf(ndjson$(api, '/a'));
    expect(connections[0]?.request).toMatchObject({
      headers: { accept: 'application/x-ndjson, application/jsonl, application/json;q=0.5' },
      fetch: { cache: 'no-store' },
    });
  });

  it.each([
    'application/x-ndjson',
    'application/ndjson; charset=utf-8',
    'application/jsonl',
    'application/x-jsonlines',
    'application/json-lines',
    'application/json',
  ])('accepts %s', (type) => {
    expect(logOf(ndjson$(typed(type).api, '/a')).log).toEqual(['complete']);
  });

  it.each(['application/json-seq', 'text/event-stream', 'text/html', 'application/problem+json'])(
    'refuses %s',
    (type) => {
      const { errors } = logOf(ndjson$(typed(type).api, '/a'));
      expect(errors[0]?.message).toContain(`its content type is ${type}, expected application/x-ndjson`);
    },
  );
});
