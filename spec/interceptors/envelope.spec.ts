import { type EnvelopeOptions, envelope, type HttpEvent } from 'renewal';
import { of, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  completedWith,
  createRecorder,
  createSignedIn,
  type Outcome,
  outcomeOf,
  shownOf,
} from '../support/http-client';
import { ORIGIN, response } from '../support/virtual';

/** What a caller gets whose answer has this body. */
const opened = (body: unknown, options?: EnvelopeOptions, status = 200): Outcome => {
  const transport = () => of(response(status, body));
  return outcomeOf(createRecorder({ interceptors: [envelope(options)], transport }).api.get$('/a?hidden=1'));
};

describe('envelope', () => {
  it.each<[string, unknown, unknown]>([
    ['the data', { code: 0, data: [1], message: 'ok' }, [1]],
    ['the data under a code that is a text', { code: '0', data: { a: 1 } }, { a: 1 }],
    ['data that is 0', { code: 0, data: 0 }, 0],
    ['data that is false', { code: 0, data: false }, false],
    ['data that is empty', { code: 0, data: '' }, ''],
    ['null where the data is', { code: 0, data: null }, null],
    ['null where there is none', { code: 0, message: 'ok' }, null],
    ['only the outer data of two envelopes', { code: 0, data: { code: 7, data: 1 } }, { code: 7, data: 1 }],
  ])('emits %s', (_, body, data) => {
    expect(opened(body)).toEqual(completedWith(data));
  });

  it.each<[string, unknown]>([
    ['an object without a code', { data: 1, message: 'x' }],
    ['an object whose code is not its own', Object.create({ code: 7 })],
    ['an empty object', {}],
    ['a list', [{ code: 7 }]],
    ['a text', '{"code":7}'],
    ['a number', 7],
    ['false', false],
    ['null', null],
    ['bytes', new ArrayBuffer(2)],
    ['a Blob', new Blob(['{"code":7}'])],
  ])('leaves %s as it is', (_, body) => {
    expect(opened(body).values[0]).toBe(body);
  });

  it.each<[string, unknown, number | string, string]>([
    ['a number', { code: 7, message: 'sold out' }, 7, 'sold out'],
    ['a numeric text', { code: '7', message: 'sold out' }, '7', 'sold out'],
    ['a text', { code: 'E_SOLD_OUT', message: 'sold out' }, 'E_SOLD_OUT', 'sold out'],
    ['a number and no message', { code: 7 }, 7, 'code 7'],
    ['a number and a message of null', { code: 7, message: null }, 7, 'code 7'],
    ['a number, although there is data', { code: -1, data: [1], message: 'no' }, -1, 'no'],
  ])('errors for a code of failure that is %s', (_, body, businessCode, message) => {
    const { error, values } = opened(body);
    expect(values).toEqual([]);
    expect(error).toMatchObject({
      name: 'BusinessError',
      code: 'business',
      businessCode,
      message: `GET ${ORIGIN}/a: ${message}`,
      response: { status: 200 },
      request: { method: 'GET', url: `${ORIGIN}/a` },
    });
    expect(Object(error).response.body).toBe(body);
    expect(shownOf(error)).not.toContain('hidden');
  });

  it.each([400, 401, 500])('leaves status %d to the client, whatever its code', (status) => {
    for (const code of [0, 7]) {
      const body = { code, data: 1 };
      expect(opened(body, {}, status).error).toMatchObject({ code: 'status', status, response: { body } });
    }
  });

  it.each([200, 201, 302])('opens an answer of status %d', (status) => {
    expect(opened({ code: 0, data: 1 }, {}, status)).toEqual(completedWith(1));
  });

  it.each<[string, EnvelopeOptions, unknown, unknown]>([
    ['successCode', { successCode: 200 }, { code: 200, data: 1 }, 1],
    ['successCode', { successCode: 200 }, { code: '200', data: 1 }, 1],
    ['code', { code: 'errno' }, { errno: 0, data: 1, code: 7 }, 1],
    ['data', { data: 'result' }, { code: 0, result: 1, data: 2 }, 1],
    ['all', { successCode: 1, code: 'status', data: 'd', message: 'm' }, { status: 1, d: 5 }, 5],
    ['undefined', JSON.parse('{}'), { code: 0, data: 1 }, 1],
  ])('takes another %s', (_, options, body, data) => {
    expect(opened(body, options)).toEqual(completedWith(data));
  });

  it('takes another name for the message, and 0 as a failure if it is no success code', () => {
    const options = { successCode: 1, message: 'why' };
    expect(opened({ code: 0, why: 'no', message: 'x' }, options).error).toMatchObject({
      businessCode: 0,
      message: `GET ${ORIGIN}/a: no`,
    });
  });

  it('lets progress pass, and keeps the rest of the answer', () => {
    const events: HttpEvent[] = [{ type: 'sent' }, response(201, { code: 0, data: 1 }, { location: '/a/1' })];
    const { api } = createRecorder({ interceptors: [envelope()], transport: () => of(...events) });
    expect(outcomeOf(api.request$('GET', '/a', { reportProgress: true })).values).toEqual([
      { type: 'sent' },
      response(201, 1, { location: '/a/1' }),
    ]);
  });

  it('changes no body that others hold', () => {
    const body = Object.freeze({ code: 0, data: 1 });
    const seen: unknown[] = [];
    const { api } = createRecorder({
      interceptors: [
        envelope(),
        (request, next) => next(request).pipe(tap((event) => event.type === 'response' && seen.push(event.body))),
      ],
      transport: () => of(response(200, body)),
    });
    outcomeOf(api.get$('/a'));
    expect(seen).toEqual([{ code: 0, data: 1 }]);
  });

  it('stands outside of the session, which sees the code first', () => {
    const { api, requests } = createRecorder({
      interceptors: [envelope()],
      session: createSignedIn(),
      transport: ({ headers }) =>
        of(response(200, headers.authorization === 'Bearer T2' ? { code: 0, data: 'yes' } : { code: 1002 })),
    });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith('yes'));
    expect(outcomeOf(api.get$('/a', { auth: false })).error).toMatchObject({ code: 'business', businessCode: 1002 });
    expect(requests).toHaveLength(3);
  });
});
