import type { HttpHandler, HttpResponse, Interceptor } from 'renewal';
import { NEVER, Observable, of } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compose, withDeadline } from '../../lib/http/pipeline';
import { outcomeOf } from '../support/http-client';
import { requestOf } from '../support/request';
import { response, virtually } from '../support/virtual';

afterEach(() => {
  vi.useRealTimers();
});

const request = requestOf();

/** Answers with the names of the interceptors that have seen the request. */
const echo: HttpHandler = ({ headers }) => of(response(200, headers['x-by'] ?? ''));

const named =
  (name: string): Interceptor =>
  (seen, next) =>
    next({ ...seen, headers: { 'x-by': `${seen.headers['x-by'] ?? ''}${name}` } });

describe('compose', () => {
  it('without interceptors is the transport', () => {
    expect(outcomeOf(compose([], echo)(request))).toEqual({ values: [response(200, '')], isComplete: true });
  });

  it('is associative: a chain of chains is one chain', () => {
    const [a, b, c] = [named('a'), named('b'), named('c')];
    const flat = outcomeOf(compose([a, b, c], echo)(request));
    expect(flat.values).toEqual([response(200, 'abc')]);
    expect(outcomeOf(compose([a], compose([b, c], echo))(request))).toEqual(flat);
    expect(outcomeOf(compose([a, b], compose([c], echo))(request))).toEqual(flat);
  });

  it('runs nothing before subscribe, and everything for each subscription', () => {
    const log: string[] = [];
    const logging =
      (name: string): Interceptor =>
      (seen, next) => {
        log.push(name);
        return next(seen);
      };
    const answer$ = compose([logging('a'), logging('b')], (seen) => {
      log.push('wire');
      return echo(seen);
    })(request);
    expect(log).toEqual([]);
    outcomeOf(answer$);
    outcomeOf(answer$);
    expect(log).toEqual(['a', 'b', 'wire', 'a', 'b', 'wire']);
  });

  it('runs the inner steps again when an interceptor resubscribes, the outer ones once', () => {
    const log: string[] = [];
    const logging =
      (name: string): Interceptor =>
      (seen, next) => {
        log.push(name);
        return next(seen);
      };
    const twice: Interceptor = (seen, next) => {
      const inner$ = next(seen);
      return new Observable((subscriber) => {
        inner$.subscribe();
        return inner$.subscribe(subscriber);
      });
    };
    outcomeOf(compose([logging('out'), twice, logging('in')], echo)(request));
    expect(log).toEqual(['out', 'in', 'in']);
  });

  it.each([0, 1, 2])('turns a throw at place %d into an error', (place) => {
    const thrown = new Error('thrown');
    const fail = () => {
      throw thrown;
    };
    const chain: Interceptor[] = [named('a'), named('b')];
    if (place < 2) chain[place] = fail;
    const handler = compose(chain, place < 2 ? echo : fail);
    expect(() => handler(request)).not.toThrow();
    expect(outcomeOf(handler(request))).toEqual({ values: [], error: thrown });
  });

  it('unsubscribes from the transport when it is unsubscribed', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const wire = cold<HttpResponse>('---(a|)', { a: response(200) });
      expectObservable(compose([named('a')], () => wire)(request), '-!').toBe('--');
      expectSubscriptions(wire.subscriptions).toBe('^!');
    });
  });
});

describe('withDeadline', () => {
  const late = expect.objectContaining({ code: 'timeout' });

  it('lets pass what is in time, and ends what is not', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const wire = cold<HttpResponse>('---(a|)', { a: response(200) });
      const send = withDeadline(() => wire);
      expectObservable(send({ ...request, timeoutMs: 4 })).toBe('---(a|)', { a: response(200) });
      expectObservable(send({ ...request, timeoutMs: 2 })).toBe('--#', undefined, late);
      expectSubscriptions(wire.subscriptions).toBe(['^--!', '^-!']);
    });
  });

  it('ends an answer that begins in time but does not end', () => {
    virtually(({ cold, expectObservable }) => {
      const send = withDeadline(() => cold('-s---', { s: { type: 'sent' as const } }));
      expectObservable(send({ ...request, timeoutMs: 3 })).toBe('-s-#', { s: { type: 'sent' } }, late);
    });
  });

  it('counts from zero for each subscription', () => {
    virtually(({ cold, expectObservable }) => {
      const answer$ = withDeadline(() => cold('---'))({ ...request, timeoutMs: 3 });
      expectObservable(answer$).toBe('---#', undefined, late);
      expectObservable(answer$, '--^').toBe('-----#', undefined, late);
    });
  });

  it.each([0, Number.POSITIVE_INFINITY, 2 ** 31, Number.MAX_VALUE])('starts no timer for %d', (timeoutMs) => {
    vi.useFakeTimers();
    const subscription = withDeadline(() => NEVER)({ ...request, timeoutMs }).subscribe();
    expect(vi.getTimerCount()).toBe(0);
    subscription.unsubscribe();
  });

  it('starts one for the longest time that timers can count', () => {
    vi.useFakeTimers();
    const subscription = withDeadline(() => NEVER)({ ...request, timeoutMs: 2 ** 31 - 1 }).subscribe();
    expect(vi.getTimerCount()).toBe(1);
    subscription.unsubscribe();
    expect(vi.getTimerCount()).toBe(0);
  });
});
