import { type } from 'arktype';
import {
  envelope,
  type HttpEvent,
  isApiError,
  type RequestOptions,
  type SchemaError,
  type StandardSchemaV1,
} from 'renewal';
import { concat, NEVER, of, Subject } from 'rxjs';
import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { describeEvent, eventsOf } from '../support/events';
import { completedWith, createRecorder, type Outcome, outcomeOf, shownOf } from '../support/http-client';
import { errorOf } from '../support/server-client';
import { ORIGIN, response } from '../support/virtual';

const AT = '2030-06-01T12:00:00Z';
const ORDER = { id: 'o1', at: AT, items: [{ price: 1 }] };
const BROKEN = { id: 'o1', at: AT, items: [{ price: 1 }, { price: 'hidden' }] };

/** Orders whose date becomes one, by three libraries. */
const SCHEMAS: [string, StandardSchemaV1][] = [
  [
    'zod',
    z.object({
      id: z.string(),
      at: z.string().transform((at) => new Date(at)),
      items: z.array(z.object({ price: z.number() })),
    }),
  ],
  [
    'valibot',
    v.object({
      id: v.string(),
      at: v.pipe(
        v.string(),
        v.transform((at) => new Date(at)),
      ),
      items: v.array(v.object({ price: v.number() })),
    }),
  ],
  ['arktype', type({ id: 'string', at: 'string.date.parse', items: type({ price: 'number' }).array() })],
];

type Validate = StandardSchemaV1['~standard']['validate'];

const schemaOf = (validate: Validate): StandardSchemaV1 => ({
  '~standard': { version: 1, vendor: 'of this spec', validate },
});
const refusing = (...issues: Parameters<typeof issuesOf>): StandardSchemaV1 => schemaOf(() => issuesOf(...issues));
const issuesOf = (...issues: { message: string; path?: (PropertyKey | { key: PropertyKey })[] }[]) => ({ issues });

/** What becomes of a GET that is answered with the body. */
const outcomeFor = (schema: StandardSchemaV1, body: unknown, status = 200): Outcome =>
  outcomeOf(createRecorder({ transport: () => of(response(status, body)) }).api.get$('/a?hidden', { schema }));

describe.each(SCHEMAS)('a schema of %s', (_, schema) => {
  it('lets a body through that matches, as what the schema makes of it', () => {
    expect(outcomeFor(schema, ORDER)).toEqual(completedWith({ ...ORDER, at: new Date(AT) }));
  });

  it('makes a SchemaError of a body that does not, which says where', () => {
    const { error, values } = outcomeFor(schema, BROKEN);
    expect(values).toEqual([]);
    expect(error).toMatchObject({
      name: 'SchemaError',
      code: 'schema',
      message: `GET ${ORIGIN}/a: its body does not match the schema at items.1.price`,
      issues: [{ path: ['items', 1, 'price'], message: expect.any(String) }],
      response: { status: 200, body: BROKEN },
      request: { method: 'GET', url: `${ORIGIN}/a` },
    });
    expect(shownOf(error)).not.toContain('hidden');
  });

  it('is waited for where it takes its time', async () => {
    const slow = schemaOf(async (value) => {
      await null;
      return schema['~standard'].validate(value);
    });
    const { api } = createRecorder({ transport: ({ url }) => of(response(200, url.endsWith('/a') ? ORDER : BROKEN)) });
    expect(await errorOf(api.get$('/a', { schema: slow }))).toBeUndefined();
    expect(await errorOf(api.get$('/b', { schema: slow }))).toMatchObject({ code: 'schema' });
  });
});

describe('a body', () => {
  it('is emitted as it is where there is no schema', () => {
    const { api } = createRecorder({ transport: () => of(response(200, BROKEN)) });
    expect(outcomeOf(api.get$('/a')).values[0]).toBe(BROKEN);
  });

  it.each(['get$', 'head$', 'options$', 'delete$'] as const)('is validated by %s', (verb) => {
    const { api } = createRecorder({ transport: () => of(response(200, 7)) });
    expect(outcomeOf(api[verb]('/a', { schema: z.number().transform(String) }))).toEqual(completedWith('7'));
    expect(outcomeOf(api[verb]('/a', { schema: z.string() })).error).toMatchObject({ code: 'schema' });
  });

  it.each(['post$', 'put$', 'patch$'] as const)('is validated by %s, of the answer and not of the request', (verb) => {
    const { api, requests } = createRecorder({ transport: () => of(response(200, 7)) });
    expect(outcomeOf(api[verb]('/a', 'body', { schema: z.number().transform(String) }))).toEqual(completedWith('7'));
    expect(outcomeOf(api[verb]('/a', 7, { schema: z.string() })).error).toMatchObject({ code: 'schema' });
    expect(requests[0]?.body).toBe('body');
  });

  it('is the only thing of the whole answer that changes, and progress passes', () => {
    const sent: HttpEvent = { type: 'sent' };
    const { api } = createRecorder({ transport: () => of(sent, response(201, 7, { location: '/a/7' })) });
    const schema = z.number().transform(String);
    expect(outcomeOf(api.request$('GET', '/a', { schema }))).toEqual(
      completedWith(response(201, '7', { location: '/a/7' })),
    );
    expect(outcomeOf(api.request$('GET', '/a', { schema, reportProgress: true })).values).toEqual([
      sent,
      response(201, '7', { location: '/a/7' }),
    ]);
  });

  it.each([400, 401, 404, 500])('is not validated where the status is %d', (status) => {
    const validate = vi.fn<Validate>(() => ({ value: 'never' }));
    expect(outcomeFor(schemaOf(validate), { why: 'no' }, status).error).toMatchObject({
      code: 'status',
      response: { body: { why: 'no' } },
    });
    expect(validate).not.toHaveBeenCalled();
  });

  it.each([200, 204, 302, 399])('is validated where the status is %d, null where there is none', (status) => {
    expect(outcomeFor(z.null(), null, status)).toEqual(completedWith(null));
    expect(outcomeFor(z.string(), null, status).error).toMatchObject({ code: 'schema', issues: [{ path: [] }] });
  });

  it('is what interceptors have made of it, and they see what came', () => {
    const seen: unknown[] = [];
    const { api } = createRecorder({
      interceptors: [
        (request, next) => {
          seen.push('schema' in request);
          return next(request);
        },
        envelope(),
      ],
      transport: () => of(response(200, { code: 0, data: 7 })),
    });
    expect(outcomeOf(api.get$('/a', { schema: z.number() }))).toEqual(completedWith(7));
    expect(seen).toEqual([false]);
  });

  it('is validated once, and the first one only', () => {
    const validate = vi.fn<Validate>((value) => ({ value }));
    const { api } = createRecorder({ transport: () => concat(of(response(200, 1), response(200, 2)), NEVER) });
    expect(outcomeOf(api.get$('/a', { schema: schemaOf(validate) }))).toEqual(completedWith(1));
    expect(validate.mock.calls).toEqual([[1]]);
  });
});

describe('a SchemaError', () => {
  const messageFor = (...path: (PropertyKey | { key: PropertyKey })[]): string => {
    const { error } = outcomeFor(refusing({ message: 'hidden', path }, { message: 'hidden', path: ['b'] }), 'hidden');
    return Object(error).message.replace(`GET ${ORIGIN}/a: its body does not match the schema`, '');
  };

  it('names where the first issue is', () => {
    expect(messageFor()).toBe('');
    expect(messageFor('a')).toBe(' at a');
    expect(messageFor('a', 0, { key: 'b-c' }, { key: 1 }, '$ref')).toBe(' at a.0.b-c.1.$ref');
  });

  it.each<[string, PropertyKey]>([
    ['that has other characters', 'hidden.access.1'],
    ['that is long', 'h'.repeat(33)],
    ['that is empty', ''],
    ['that is a symbol', Symbol('hidden')],
  ])('names no key %s: it may be a value', (_, key) => {
    expect(messageFor('sessions', key, 'id')).toBe(' at sessions.….id');
  });

  it('holds path and message of all issues and nothing else, and prints none of them', () => {
    const { error } = outcomeFor(
      refusing(
        Object.assign({ message: 'hidden 1', path: ['a', { key: 'b', value: 'hidden' }] }, { input: 'hidden' }),
        { message: 'hidden 2' },
      ),
      'hidden',
    );
    if (!isApiError(error, 'schema')) throw error;
    expect(error.issues).toEqual([
      { message: 'hidden 1', path: ['a', 'b'] },
      { message: 'hidden 2', path: [] },
    ] satisfies SchemaError['issues']);
    expect(Object.keys(error)).not.toContain('issues');
    expect(shownOf(error)).not.toContain('hidden');
  });

  it('is one where a schema finds fault without saying what', () => {
    expect(outcomeFor(refusing(), 'hidden').error).toMatchObject({ code: 'schema', issues: [] });
    expect(messageFor()).toBe('');
  });
});

describe('a schema', () => {
  it.each<[string, (error: Error) => StandardSchemaV1]>([
    [
      'throws',
      (error) =>
        schemaOf(() => {
          throw error;
        }),
    ],
    ['rejects', (error) => schemaOf(() => Promise.reject(error))],
  ])('that %s does so to the caller, as it is', async (_, broken) => {
    const error = new Error('no');
    expect(await errorOf(createRecorder().api.get$('/a', { schema: broken(error) }))).toBe(error);
  });

  it('may keep its own this', () => {
    const schema = schemaOf(() => ({ value: 0 }));
    const standard = {
      ...schema['~standard'],
      made: 'yes',
      validate() {
        return { value: this.made };
      },
    };
    expect(outcomeFor({ '~standard': standard }, 1)).toEqual(completedWith('yes'));
  });

  it('may answer with what only has a then', async () => {
    const eventually = schemaOf((value) => ({
      // biome-ignore lint/suspicious/noThenProperty: that is what this is about
      then: (resolve) => Promise.resolve({ value }).then(resolve),
    }));
    expect(await errorOf(createRecorder().api.get$('/a', { schema: eventually }))).toBeUndefined();
  });

  it('that is still busy when the request is unsubscribed has nobody to tell', async () => {
    let resolve = (): void => {};
    const gone = new Promise<{ value: unknown }>((done) => {
      resolve = () => done({ value: 1 });
    });
    const { api } = createRecorder();
    const events = eventsOf(api);
    const values: unknown[] = [];
    const subscription = api.get$('/a', { schema: schemaOf(() => gone) }).subscribe((value) => values.push(value));
    subscription.unsubscribe();
    resolve();
    await gone;
    expect(values).toEqual([]);
    expect(events.map(describeEvent)).toEqual([
      'request 1 queued, attempt 0',
      'request 1 sent, attempt 1',
      'request 1 cancelled, attempt 1',
    ]);
  });

  it('is waited for without the wire, and the request settles after it', async () => {
    const wire = new Subject<HttpEvent>();
    const { api } = createRecorder({ transport: () => wire });
    const events = eventsOf(api);
    const error = errorOf(api.get$('/a', { schema: schemaOf(async () => issuesOf({ message: 'no' })) }));
    wire.next(response(200));
    expect(wire.observed).toBe(false);
    expect(events.map(describeEvent)).toEqual(['request 1 queued, attempt 0', 'request 1 sent, attempt 1']);
    expect(await error).toMatchObject({ code: 'schema' });
    expect(describeEvent(events.at(-1) ?? ({} as never))).toBe('request 1 settled, attempt 1, error schema');
  });

  it.each<[string, unknown]>([
    ['an object', {}],
    ['a function', () => true],
    ['a text', 'string'],
    ['one without validate', { '~standard': { version: 1 } }],
  ])('that is none is refused before anything is sent: %s', (_, schema) => {
    const { api, requests } = createRecorder();
    const options = { schema } as RequestOptions; // what plain JavaScript may pass
    expect(outcomeOf(api.get$('/a', options)).error).toMatchObject({
      code: 'request',
      message: `GET /a: schema: expected a Standard Schema`,
    });
    expect(requests).toEqual([]);
  });

  it.each([undefined, null])('may be %o, which is none', (schema) => {
    const options = { schema } as unknown as RequestOptions; // what plain JavaScript may pass
    expect(outcomeOf(createRecorder().api.get$('/a', options))).toEqual(completedWith('body'));
  });
});
