import { createApi, type HttpEvent, type HttpResponse, type Interceptor, type RequestOptions } from 'renewal';
import { concat, map, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { jsonText } from '../../lib/http/json-text';
import { completedWith, createRecorder, createSignedIn, outcomeOf } from '../support/http-client';
import { ORIGIN, response } from '../support/virtual';

const outcome = (
  text: string,
  status = 200,
  options: RequestOptions = {},
  interceptors: readonly Interceptor[] = [],
) => {
  const { api } = createRecorder({ transport: () => of(response(status, jsonText(text))), interceptors });
  return outcomeOf(api.get$('/a', options));
};

const PAGE = `<h1>Sign in</h1>${' '.repeat(300)}`;

describe('the text of a response to a request for JSON', () => {
  it.each([
    ['{"a":[1]}', { a: [1] }],
    [' 0\n', 0],
    ['null', null],
    ['"text"', 'text'],
    ['', null],
  ])('is parsed by the client: %j', (text, value) => {
    expect(outcome(text)).toEqual(completedWith(value));
  });

  it.each([PAGE, '{"a":', 'text', ' '])('is a ResponseParseError if it is not JSON: %j', (text) => {
    const { values, error } = outcome(text);
    expect(values).toEqual([]);
    expect(error).toMatchObject({
      code: 'parse',
      message: `GET ${ORIGIN}/a: its body is not JSON`,
      response: { status: 200, body: text.slice(0, 200) },
    });
  });

  it('stays a text in an error of the server', () => {
    expect(outcome(PAGE, 500).error).toMatchObject({ code: 'status', response: { body: PAGE } });
  });

  it('reaches interceptors as a complete response before it is an error', () => {
    const seen: HttpEvent[] = [];
    const watching: Interceptor = (request, next) =>
      next(request).pipe(
        map((event) => {
          seen.push(event);
          return { ...event };
        }),
      );
    expect(outcome(PAGE, 200, {}, [watching]).error).toMatchObject({ code: 'parse' });
    expect(seen).toMatchObject([{ status: 200, body: PAGE }]);
  });

  it.each<[string, (event: HttpEvent) => HttpEvent]>([
    ['a copy', (event) => ({ ...event })],
    ['a clone', (event) => structuredClone(event)],
    [
      'a request that is made again',
      (event) => (event.type === 'response' ? response(event.status, event.body, event.headers) : event),
    ],
  ])('is an error also if an interceptor has made %s of the response', (_, change) => {
    const changing: Interceptor = (request, next) => next(request).pipe(map(change));
    expect(outcome(PAGE, 200, {}, [changing]).error).toMatchObject({
      code: 'parse',
      response: { body: PAGE.slice(0, 200) },
    });
  });

  it('is no error any more once an interceptor has replaced it', () => {
    const opening: Interceptor = (request, next) =>
      next(request).pipe(map((event) => (event.type === 'response' ? { ...event, body: 'opened' } : event)));
    expect(outcome(PAGE, 200, {}, [opening])).toEqual(completedWith('opened'));
  });

  it('is not shown to a schema if it is not JSON', () => {
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'spec',
        validate: () => {
          throw new Error('asked');
        },
      },
    } as const;
    expect(outcome(PAGE, 200, { schema }).error).toMatchObject({ code: 'parse' });
  });

  it('is parsed for each response that a transport emits, and events before it are not', () => {
    const first: HttpEvent = { type: 'download', loaded: 0 };
    const last: HttpResponse = response(200, jsonText('1'));
    const api = createApi({ baseUrl: ORIGIN, transport: () => concat(of(first), of(last)) });
    expect(outcomeOf(api.request$('GET', '/a', { reportProgress: true })).values).toMatchObject([first, { body: 1 }]);
  });

  it('may come in a response that cannot be changed, and may have no headers', () => {
    const frozen = Object.freeze({
      type: 'response',
      status: 200,
      body: jsonText('{"a":1}'),
    } as unknown as HttpResponse);
    const { api } = createRecorder({ transport: () => of(frozen), session: createSignedIn() });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ a: 1 }));
  });

  it('is understood from another copy of the package', () => {
    const foreign = { [Symbol.for('renewal.json-text')]: '{"a":1}' };
    const { api } = createRecorder({ transport: () => of(response(200, foreign)) });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ a: 1 }));
  });
});

describe('a value that a transport has parsed itself', () => {
  it.each([{ a: 1 }, 'text', '{"a":1}', 0, null])('is emitted as it is: %j', (value) => {
    const { api } = createRecorder({ transport: () => of(response(200, value)) });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith(value));
  });
});
