import {
  BodyNotReplayableError,
  BusinessError,
  type HttpEvent,
  type HttpResponse,
  InvalidRequestError,
  NetworkError,
  RefreshError,
  RequestTimeoutError,
  ResponseParseError,
  type RetryOptions,
  retryRequests,
  SessionExpiredError,
  SignedOutError,
  TokenRejectedError,
} from 'renewal';
import { asyncScheduler, catchError, type Observable, of, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeEvent, eventsOf } from '../support/events';
import { completedWith, createRecorder, outcomeOf, type Recorder } from '../support/http-client';
import { requestOf } from '../support/request';
import { SIGNALS } from '../support/server';
import { createVirtualClient, response, type VirtualClient, virtually } from '../support/virtual';

/** What one attempt meets: a status, or an answer, or an error. */
type Fate = number | HttpEvent | Error;

const toEvents = (fate: Fate): Observable<HttpEvent> => {
  if (fate instanceof Error) return throwError(() => fate);
  return of(typeof fate === 'number' ? response(fate, `body of ${fate}`) : fate);
};

/** A client whose attempts meet these, one after the other, and the last one from then on. */
const createMeeting = (fates: readonly Fate[], options?: RetryOptions): Recorder => {
  const recorder: Recorder = createRecorder({
    interceptors: [retryRequests(options)],
    transport: () => toEvents(fates[Math.min(recorder.requests.length, fates.length) - 1] ?? 0),
  });
  return recorder;
};

/** A client with a session, whose first token is dead. */
const withRetry = (options: Parameters<typeof createVirtualClient>[0]): VirtualClient => {
  const client = createVirtualClient(options);
  return { ...client, api: client.api.extend({ interceptors: [retryRequests()] }) };
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const AT_ONCE: RetryOptions = { delayMs: 0 };

/** How often a GET that meets the fate is sent. */
const sentFor = (fate: Fate, options?: RetryOptions, send = 'GET'): number => {
  let sent = 0;
  virtually(({ flush }) => {
    const { api, requests } = createMeeting([fate], { ...AT_ONCE, ...options });
    outcomeOf(api.request$(send, '/a'));
    flush();
    sent = requests.length;
  });
  return sent;
};

const ASKED = requestOf();

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('retry', () => {
  it.each([408, 429, 502, 503, 504])('sends a request again that is answered with %d', (status) => {
    expect(sentFor(status)).toBe(3);
  });

  it.each<[string, Error]>([
    ['NetworkError', new NetworkError('no')],
    ['RequestTimeoutError', new RequestTimeoutError('no')],
  ])('sends a request again that meets a %s', (_, error) => {
    expect(sentFor(error)).toBe(3);
  });

  it.each([200, 204, 304, 400, 401, 403, 404, 409, 500, 501, 505])('takes the status %d for an answer', (status) => {
    expect(sentFor(status)).toBe(1);
  });

  it.each<[string, Error]>([
    ['RefreshError', new RefreshError(new NetworkError('no'))],
    ['SessionExpiredError', new SessionExpiredError('no', { response: response(503) })],
    ['SignedOutError', new SignedOutError('no')],
    ['TokenRejectedError', new TokenRejectedError('no', { response: response(503) })],
    ['BodyNotReplayableError', new BodyNotReplayableError('no')],
    ['InvalidRequestError', new InvalidRequestError('no')],
    ['ResponseParseError', new ResponseParseError('no', { response: response(503) })],
    ['BusinessError', new BusinessError(ASKED, response(503), 7, 'no')],
    ['error that is not of this library', Object.assign(new Error('no'), { code: 'network' })],
  ])('lets a %s through at once', (_, error) => {
    expect(sentFor(error)).toBe(1);
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])('repeats %s', (method) => {
    expect(sentFor(503, {}, method)).toBe(3);
  });

  it.each(['POST', 'PATCH', 'QUERY', 'PURGE'])('does not repeat %s, which may do something twice', (method) => {
    expect(sentFor(503, {}, method)).toBe(1);
    expect(sentFor(new NetworkError('no'), {}, method)).toBe(1);
  });

  it.each([1, 2, 5])('sends it %d times at the most where attempts says so, the first time included', (attempts) => {
    expect(sentFor(503, { attempts })).toBe(attempts);
  });

  it('never gives up with Infinity', () => {
    virtually(({ flush }) => {
      const fates = [...Array.from({ length: 1_999 }, () => 503), 200];
      const { api, requests } = createMeeting(fates, { ...AT_ONCE, attempts: Number.POSITIVE_INFINITY });
      const outcome = outcomeOf(api.get$('/a'));
      flush();
      expect(outcome).toEqual(completedWith('body of 200'));
      expect(requests).toHaveLength(2_000);
    });
  });

  it('takes other methods, in any case, and other statuses', () => {
    const options = { methods: ['post'], statuses: [500] };
    expect(sentFor(500, options, 'POST')).toBe(3);
    expect(sentFor(500, options, 'GET')).toBe(1);
    expect(sentFor(503, options, 'POST')).toBe(1);
    expect(sentFor(new NetworkError('no'), { statuses: [] })).toBe(3);
    expect(sentFor(503, { methods: [] })).toBe(1);
  });

  it('loses no default to undefined', () => {
    expect(sentFor(503, JSON.parse('{}'))).toBe(3);
    const none: Record<string, undefined> = { attempts: undefined, methods: undefined, statuses: undefined };
    expect(sentFor(503, none as RetryOptions)).toBe(3); // what plain JavaScript may pass
  });

  it.each<[string, unknown]>([
    ['attempts', 0],
    ['attempts', -1],
    ['attempts', 1.5],
    ['attempts', Number.NaN],
    ['attempts', '3'],
    ['delayMs', -1],
    ['delayMs', Number.NaN],
    ['delayMs', '1'],
    ['maxDelayMs', -1],
    ['maxDelayMs', null],
    ['methods', 'GET'],
    ['methods', [1]],
    ['statuses', 503],
    ['statuses', ['503']],
    ['statuses', [Number.NaN]],
  ])('refuses a wrong %s: %o', (name, value) => {
    const create = () => retryRequests({ [name]: value });
    expect(create).toThrow(TypeError);
    expect(create).toThrow(name);
  });
});

describe('what comes through', () => {
  const fail = new NetworkError('the last one');

  it.each<[string, readonly Fate[], object]>([
    ['the answer that came in the end', [503, fail, 200], { values: ['body of 200'], isComplete: true }],
    ['the last answer', [fail, 502, 503], { error: { code: 'status', response: { body: 'body of 503' } } }],
    ['the last error', [503, 502, fail], { error: fail }],
    ['an answer that ends it', [503, 404], { error: { status: 404 } }],
    ['an error that ends it', [503, new SignedOutError('no')], { error: { code: 'signed-out' } }],
  ])('is %s', (_, fates, expected) => {
    virtually(({ flush }) => {
      const outcome = outcomeOf(createMeeting(fates, AT_ONCE).api.get$('/a'));
      flush();
      expect(outcome).toMatchObject(expected);
    });
  });

  it('is progress of each attempt, restarting at 0, and one answer', () => {
    virtually(({ flush }) => {
      const sent: HttpEvent = { type: 'sent' };
      const loaded: HttpEvent = { type: 'download', loaded: 5 };
      const ends = [response(503), response(200, 'yes')];
      const { api } = createRecorder({
        interceptors: [retryRequests(AT_ONCE)],
        transport: () => of(sent, loaded, ends.shift() ?? sent),
      });
      const { values } = outcomeOf(api.request$('GET', '/a', { reportProgress: true }));
      flush();
      expect(values).toEqual([sent, loaded, sent, loaded, response(200, 'yes')]);
    });
  });
});

/** When each attempt of a GET leaves, in milliseconds, where each has the next of these fates. */
const timesOf = (fates: readonly Fate[], options?: RetryOptions): number[] => {
  const times: number[] = [];
  virtually(({ flush }) => {
    const { api } = createRecorder({
      interceptors: [retryRequests({ attempts: fates.length, ...options })],
      transport: () => {
        times.push(asyncScheduler.now());
        return toEvents(fates[times.length - 1] ?? 200);
      },
    });
    outcomeOf(api.get$('/a'));
    flush();
  });
  return times;
};

const asking = (retryAfter: string, status = 503): HttpEvent => response(status, null, { 'retry-after': retryAfter });
const dateAt = (ms: number): string => new Date(ms).toUTCString();

describe('the pause', () => {
  it('is a random part of one that doubles from half a second to half a minute', () => {
    const fail = new NetworkError('no');
    const fates = [503, fail, 503, 429, fail, 503, 503, 503, 503];
    const part = vi.mocked(Math.random);
    part.mockReturnValue(0);
    expect(timesOf(fates)).toEqual(fates.map(() => 0));
    part.mockReturnValue(1);
    const pauses = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    expect(timesOf(fates)).toEqual([0, ...pauses.map((_, index) => sum(pauses.slice(0, index + 1)))]);
    part.mockReturnValue(0.25);
    expect(timesOf([503, 503, 503])).toEqual([0, 125, 375]);
  });

  it('takes another beginning and another end', () => {
    vi.mocked(Math.random).mockReturnValue(1);
    expect(timesOf([503, 503, 503, 503], { delayMs: 10, maxDelayMs: 25 })).toEqual([0, 10, 30, 55]);
    expect(timesOf([503, 503], { delayMs: 10, maxDelayMs: 0 })).toEqual([0, 0]);
    expect(timesOf([503, 503], { delayMs: 0 })).toEqual([0, 0]);
  });

  it.each<[string, number]>([
    ['0', 0],
    ['2', 2_000],
    ['30', 30_000],
    [dateAt(2_000), 2_000],
    [dateAt(30_000), 30_000],
  ])('is what Retry-After asks for: %s', (value, ms) => {
    expect(timesOf([asking(value), 200])).toEqual([0, ms]);
    expect(timesOf([asking(value, 429), 200])).toEqual([0, ms]);
  });

  it.each(['soon', '-1', '', '1.5', '0x10', 'Infinity', dateAt(-5_000)])(
    'is a random one where Retry-After says "%s"',
    (value) => {
      expect(timesOf([asking(value), 200])).toEqual([0, 250]);
    },
  );

  it.each<[string, RetryOptions?]>([
    ['31'],
    [dateAt(31_000)],
    ['1', { maxDelayMs: 999 }],
    ['2147484', { maxDelayMs: Number.POSITIVE_INFINITY }],
  ])('is not made if Retry-After exceeds maxDelayMs or the limit of timers: %s', (value, options) => {
    expect(timesOf([asking(value), 200], options)).toEqual([0]);
    virtually(({ flush }) => {
      const outcome = outcomeOf(createMeeting([asking(value)], options).api.get$('/a'));
      expect(outcome).toMatchObject({ error: { status: 503, response: { headers: { 'retry-after': value } } } });
      flush();
    });
  });

  it('is over with the request that is unsubscribed', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const wire = cold<HttpResponse>('--(a|)', { a: response(503) });
      const { api } = createRecorder({ interceptors: [retryRequests({ delayMs: 6 })], transport: () => wire });
      expectObservable(api.get$('/a'), '----!').toBe('-----');
      expectObservable(api.get$('/b'), '------!').toBe('-------');
      expectSubscriptions(wire.subscriptions).toBe(['^-!', '^-!', '-----^!']);
    });
  });

  it('gives each attempt a deadline of its own', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const wire = cold<HttpResponse>('-');
      const { api } = createRecorder({
        interceptors: [retryRequests({ attempts: 2, delayMs: 4 })],
        transport: () => wire,
      });
      expectObservable(api.get$('/a', { timeoutMs: 3 }).pipe(catchError(({ code }) => of(code)))).toBe('--------(t|)', {
        t: 'timeout',
      });
      expectSubscriptions(wire.subscriptions).toBe(['^--!', '-----^--!']);
    });
  });
});

describe('a request that is sent again', () => {
  it('is the same, and its body too', () => {
    virtually(({ flush }) => {
      const { api, requests } = createMeeting([503, 200], AT_ONCE);
      outcomeOf(api.put$('/a', { b: 1 }, { headers: { 'x-a': '1' } }));
      flush();
      expect(requests).toMatchObject([
        { method: 'PUT', body: '{"b":1}', headers: { 'x-a': '1' } },
        { method: 'PUT', body: '{"b":1}', headers: { 'x-a': '1' } },
      ]);
    });
  });

  it('is never one whose body is a stream', () => {
    virtually(({ flush }) => {
      const { api, requests } = createMeeting([503], AT_ONCE);
      const { error } = outcomeOf(api.put$('/a', new ReadableStream()));
      flush();
      expect(error).toMatchObject({ code: 'status', status: 503 });
      expect(requests).toHaveLength(1);
    });
  });

  it('counts from zero for each subscription', () => {
    virtually(({ flush }) => {
      const { api, requests } = createMeeting([503], AT_ONCE);
      const request$ = api.get$('/a');
      outcomeOf(request$);
      flush();
      outcomeOf(request$);
      flush();
      expect(requests).toHaveLength(6);
    });
  });

  it('is one request with several attempts to those who watch', () => {
    virtually(({ flush }) => {
      const { api } = createMeeting([503, 200], AT_ONCE);
      const events = eventsOf(api);
      outcomeOf(api.get$('/a'));
      flush();
      expect(events.map(describeEvent)).toEqual([
        'request 1 queued, attempt 0',
        'request 1 sent, attempt 1',
        'request 1 resent, attempt 2',
        'request 1 settled, attempt 2, status 200',
      ]);
    });
  });
});

describe('beside a session, retry', () => {
  it.each(SIGNALS)('leaves a token that has expired to it (%s)', (signal) => {
    virtually(({ flush }) => {
      const { api, sent } = withRetry({ signal });
      const outcome = outcomeOf(api.get$('/a'));
      flush();
      expect(outcome).toEqual(completedWith({ by: 'T2' }));
      expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
    });
  });

  it.each(SIGNALS)('takes its word for it that a fresh token is refused as well (%s)', (signal) => {
    virtually(({ flush }) => {
      const { api, sent } = withRetry({ signal, isDead: () => true });
      const { error } = outcomeOf(api.get$('/a'));
      flush();
      expect(error).toMatchObject({ code: 'token-rejected' });
      expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
    });
  });

  it('does not wait for a refresh again that has failed, although that met no network', () => {
    virtually(({ flush }) => {
      let refreshes = 0;
      const { api, sent } = withRetry({
        refresh: () => {
          refreshes++;
          return throwError(() => new NetworkError('no'));
        },
      });
      const { error } = outcomeOf(api.get$('/a'));
      flush();
      expect(error).toMatchObject({ code: 'refresh' });
      expect([sent, refreshes]).toEqual([['GET /a T1'], 1]);
    });
  });

  it('sends each attempt with the token of that time', () => {
    virtually(({ flush }) => {
      let answers = 0;
      const { api, session, sent } = withRetry({
        isDead: () => false,
        respond: (_, answer) => of(answers++ === 0 ? response(503) : answer),
      });
      const outcome = outcomeOf(api.get$('/a'));
      outcomeOf(session.refresh$());
      flush();
      expect(outcome).toEqual(completedWith({ by: 'T2' }));
      expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
    });
  });
});
