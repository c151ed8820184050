import { HttpContext, HttpContextToken, type Interceptor } from 'renewal';
import { describe, expect, it, vi } from 'vitest';
import { createRecorder, outcomeOf, shownOf } from '../support/http-client';

describe('an HttpContext', () => {
  it('gives back what was set, also where that is undefined', () => {
    const TEXT = new HttpContextToken<string | undefined>(() => 'default');
    expect(new HttpContext().set(TEXT, 'set').get(TEXT)).toBe('set');
    expect(new HttpContext().set(TEXT, undefined).get(TEXT)).toBeUndefined();
  });

  it('makes a new default each time where nothing was set', () => {
    const LIST = new HttpContextToken<number[]>(() => []);
    const context = new HttpContext();
    context.get(LIST).push(1);
    expect(context.get(LIST)).toEqual([]);
  });

  it('tells tokens apart by identity', () => {
    const [one, other] = [new HttpContextToken(() => 0), new HttpContextToken(() => 0)];
    const context = new HttpContext().set(one, 1).set(other, 2);
    expect([context.get(one), context.get(other)]).toEqual([1, 2]);
  });

  it('of another copy of the package is copied, too', async () => {
    vi.resetModules();
    const other = await import('renewal');
    const COUNT = new HttpContextToken(() => 0);
    const foreign = new other.HttpContext().set(COUNT, 7) as unknown as HttpContext; // private names are of one copy
    expect(foreign).not.toBeInstanceOf(HttpContext);
    expect(new HttpContext(foreign).get(COUNT)).toBe(7);
    const { api, requests } = createRecorder();
    outcomeOf(api.get$('/a', { context: foreign }));
    expect(requests[0]?.context.get(COUNT)).toBe(7);
    expect(new HttpContext(new other.HttpContext() as unknown as HttpContext).get(COUNT)).toBe(0);
  });

  it.each([null, {}, 'text', new Map()])('is not made of %o', (from) => {
    expect(() => new HttpContext(from as unknown as HttpContext)).toThrow(
      // what JavaScript may pass
      new TypeError('context: expected an HttpContext'),
    );
  });

  it.each([undefined, null, 0, 'text'])('has no token whose default is %o instead of a function', (value) => {
    expect(() => new HttpContextToken(value as never)).toThrow(new TypeError('defaultValue: expected a function'));
  });

  it('is copied by its constructor', () => {
    const COUNT = new HttpContextToken(() => 0);
    const first = new HttpContext().set(COUNT, 1);
    const second = new HttpContext(first).set(COUNT, 2);
    expect([first.get(COUNT), second.get(COUNT)]).toEqual([1, 2]);
  });

  it('shows nothing of its values to those who print it', () => {
    expect(shownOf(new HttpContext().set(new HttpContextToken(() => ''), 'hidden'))).not.toContain('hidden');
  });
});

describe('the context of a request', () => {
  const COUNT = new HttpContextToken(() => 0);

  it('is a copy for each subscription, that interceptors share', () => {
    const seen: number[] = [];
    const count: Interceptor = (request, next) => {
      seen.push(request.context.get(COUNT));
      request.context.set(COUNT, request.context.get(COUNT) + 10);
      return next(request);
    };
    const { api } = createRecorder({ interceptors: [count, count] });
    const context = new HttpContext().set(COUNT, 1);
    const request$ = api.get$('/a', { context });
    for (const each$ of [request$, request$, api.get$('/b')]) outcomeOf(each$);
    expect(seen).toEqual([1, 11, 1, 11, 0, 10]);
    expect(context.get(COUNT)).toBe(1);
  });

  it('reaches the transport', () => {
    const { api, requests } = createRecorder();
    outcomeOf(api.get$('/a', { context: new HttpContext().set(COUNT, 7) }));
    expect(requests[0]?.context.get(COUNT)).toBe(7);
  });
});
