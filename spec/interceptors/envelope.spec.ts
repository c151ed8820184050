import { createApi, type EnvelopeOptions, envelope } from 'renewal';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ORIGIN, response } from '../support/virtual';

const open = (body: unknown, options?: EnvelopeOptions, status = 200): unknown => {
  let fate: unknown;
  createApi({ baseUrl: ORIGIN, interceptors: [envelope(options)], transport: () => of(response(status, body)) })
    .get$('/a')
    .subscribe({ next: (value) => (fate = { value }), error: (error) => (fate = { error }) });
  return fate;
};

describe('envelope', () => {
  it.each([
    ['data', { code: 0, data: [1] }, [1]],
    ['data under a code that is a text', { code: '0', data: 1 }, 1],
    ['null where there is no data', { code: 0, message: 'ok' }, null],
    ['a body without a code as it is', { data: 1 }, { data: 1 }],
    ['a list as it is', [{ code: 1 }], [{ code: 1 }]],
    ['a text as it is', 'text', 'text'],
    ['null as it is', null, null],
  ])('emits %s', (_, body, value) => {
    expect(open(body)).toEqual({ value });
  });

  it('errors with the code and the message of a failure', () => {
    expect(open({ code: 7, message: 'sold out' })).toMatchObject({
      error: {
        code: 'business',
        businessCode: 7,
        message: `GET ${ORIGIN}/a: sold out`,
        response: { body: { code: 7 } },
      },
    });
    expect(open({ code: 'E7' })).toMatchObject({ error: { businessCode: 'E7', message: `GET ${ORIGIN}/a: code E7` } });
  });

  it('leaves a status of 400 or above to the client', () => {
    expect(open({ code: 0, data: 1 }, {}, 400)).toMatchObject({ error: { code: 'status' } });
  });

  it('takes other names and another code of success', () => {
    const options = { successCode: 200, code: 'status', data: 'result', message: 'why' };
    expect(open({ status: 200, result: 5 }, options)).toEqual({ value: 5 });
    expect(open({ status: 0, why: 'no' }, options)).toMatchObject({
      error: { businessCode: 0, message: `GET ${ORIGIN}/a: no` },
    });
  });
});
