import { getEventListeners } from 'node:events';
import {
  type ApiEvent,
  BodyNotReplayableError,
  bearer,
  createSession,
  type HttpResponse,
  InvalidRequestError,
  memoryStore,
  NetworkError,
  RefreshError,
  RequestTimeoutError,
  SessionExpiredError,
  SignedOutError,
} from 'renewal';
import { type StreamOptions, sse$ } from 'renewal/stream';
import { map, NEVER, type Observable, of, Subscription, take, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createStreams, head, logOf } from './fake';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(1);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Lets all promises settle. */
const settle = () => vi.advanceTimersByTimeAsync(0);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

const fail = (error: Error) => throwError(() => error);
const network = () => fail(new NetworkError('no connection'));

describe('sse$', () => {
  it('emits events and closes nothing while it is open', async () => {
    const { api, connections } = createStreams();
    const { log } = logOf(sse$(api, '/events'));
    connections[0]?.send('event: a\nid: 1\ndata: x\n\ndata: y\n\n');
    await settle();
    expect(log).toEqual([
      { data: 'x', event: 'a', id: '1' },
      { data: 'y', event: 'message', id: '1' },
    ]);
    expect([connections.length, connections[0]?.isCancelled]).toEqual([1, false]);
  });

  it('is cold: each subscription opens a connection, none before', () => {
    const { api, connections } = createStreams();
    const events$ = sse$(api, '/events');
    expect(connections).toEqual([]);
    logOf(events$);
    logOf(events$);
    expect(connections).toHaveLength(2);
  });

  it('sends its headers, which the caller can replace', () => {
    const { api, connections } = createStreams();
    const all: StreamOptions<string>[] = [
      {},
      { lastEventId: '7\u{2026}' },
      { headers: { Accept: 'a', b: 'c' }, fetch: { cache: 'default', priority: 'low' } },
      { headers: [['ACCEPT', 'a']] },
      {
        headers: [
          ['b', '1'],
          ['B', '2'],
        ],
      },
      { headers: new Headers({ accept: 'a' }), fetch: { priority: 'low' } },
      { headers: { accept: null } },
    ];
    for (const options of all) logOf(sse$(api, '/events', options));
    expect(connections.map(({ request: { headers, fetch } }) => ({ headers, fetch }))).toEqual([
      { headers: { accept: 'text/event-stream' }, fetch: { cache: 'no-store' } },
      { headers: { accept: 'text/event-stream', 'last-event-id': '7\xe2\x80\xa6' }, fetch: { cache: 'no-store' } },
      { headers: { accept: 'a', b: 'c' }, fetch: { cache: 'default', priority: 'low' } },
      { headers: { accept: 'a' }, fetch: { cache: 'no-store' } },
      { headers: { accept: 'text/event-stream', b: '1, 2' }, fetch: { cache: 'no-store' } },
      { headers: { accept: 'a' }, fetch: { cache: 'no-store', priority: 'low' } },
      { headers: {}, fetch: { cache: 'no-store' } },
    ]);
  });

  it('sends a body, and does not reconnect then by default', async () => {
    const { api, connections } = createStreams();
    const { log } = logOf(sse$(api, '/chat', { method: 'POST', body: { ask: 1 } }));
    expect(connections[0]?.request).toMatchObject({ method: 'POST', body: '{"ask":1}' });
    connections[0]?.end();
    await pass(60_000);
    expect([log, connections.length]).toEqual([['complete'], 1]);
  });
});

describe('a wrong option', () => {
  const streamBody = new ReadableStream();
  it.each<[string, object | null]>([
    ['parse: expected text or json', { parse: 'xml' }],
    ['reconnect.delayMs: expected a number, 0 or more', { reconnect: { delayMs: -1 } }],
    ['reconnect.maxDelayMs: expected a number, 0 or more', { reconnect: { maxDelayMs: Number.NaN } }],
    ['reconnect.attempts: expected a number, 0 or more', { reconnect: { attempts: 'x' } }],
    ['reconnect: expected false for a stream as body', { method: 'POST', body: streamBody, reconnect: true }],
    ['lastEventId: expected a string', { lastEventId: 7 }],
    ['schema: expected a Standard Schema', { schema: {} }],
    ['signal: expected an AbortSignal', { signal: {} }],
    ['signal: expected an AbortSignal', { signal: 'secret' }],
    ['headers: expected an object, or pairs of a name and a value', { headers: 5 }],
    ['headers: expected an object, or pairs of a name and a value', { headers: null }],
    ['headers: expected an object, or pairs of a name and a value', { headers: ['secret'] }],
    ['auth: expected true or false', { auth: 1 }],
    ['body: expected no body in a GET request', { body: 'a' }],
    ['method: expected an HTTP method', { method: 'a b' }],
    ['options: expected an object', null],
  ])('is an error of the stream: %s', (message, options) => {
    const { api, connections } = createStreams();
    const { errors } = logOf(sse$(api, '/events?secret=1', options as object));
    expect(errors).toEqual([expect.any(InvalidRequestError)]);
    expect(errors[0]?.message).toContain(message);
    expect(errors[0]?.message).not.toContain('secret');
    expect(connections).toEqual([]);
  });

  it('is a client that createApi has not made', () => {
    expect(logOf(sse$({} as never, '/events')).errors[0]?.message).toContain('api: expected a client');
  });

  it('is a default transport, which cannot stream', async () => {
    const { api } = createStreams(undefined, { transport: undefined });
    const { errors } = logOf(sse$(api, '/events'));
    await settle();
    expect(errors[0]?.message).toContain('expected fetchTransport() for a stream');
  });
});

describe('the response', () => {
  const statuses = (status: number, init: Partial<HttpResponse> = {}) =>
    createStreams(() => head(null, { status, ...init }));

  it('completes the stream with status 204', async () => {
    const { api, connections } = statuses(204, { headers: {} });
    const { log } = logOf(sse$(api, '/events'));
    await pass(60_000);
    expect([log, connections.length]).toEqual([['complete'], 1]);
  });

  it.each([201, 206, 304, 400, 401, 403, 404, 409, 500, 501])('is an HttpStatusError with %d', async (status) => {
    const { api, connections } = statuses(status);
    const { log, errors } = logOf(sse$(api, '/events'));
    await pass(60_000);
    expect(log).toEqual(['status']);
    expect([errors[0]?.message, connections.length]).toEqual([`GET https://api.test/events: status ${status}`, 1]);
  });

  it.each([408, 425, 429, 502, 503, 504])('is followed by another connection with %d', async (status) => {
    const { api, connections } = statuses(status);
    const { log } = logOf(sse$(api, '/events', { reconnect: { attempts: 3 } }));
    await pass(999);
    expect(connections).toHaveLength(1);
    await pass(60_000);
    expect([log, connections.length]).toEqual([['status'], 4]);
  });

  it.each([408, 503])('is an HttpStatusError with %d without reconnection', async (status) => {
    const { api } = statuses(status);
    const { log } = logOf(sse$(api, '/events', { reconnect: false }));
    expect(log).toEqual(['status']);
  });

  it.each([
    ['text/html; charset=utf-8; secret', 'text/html'],
    ['text/x-bogus', 'text/x-bogus'],
    ['x bogus', 'x bogus'],
    ['application/json', 'application/json'],
    ['', 'missing'],
  ])('is a NetworkError with the content type %s', async (type, shown) => {
    let isCancelled = false;
    const body = new ReadableStream({
      cancel: () => {
        isCancelled = true;
      },
    });
    const { api, connections } = createStreams(() => head(body, { headers: { 'content-type': type } }));
    const { log, errors } = logOf(sse$(api, '/events'));
    await pass(60_000);
    expect([log, connections.length, isCancelled]).toEqual([['network'], 1, true]);
    expect(errors[0]?.message).toBe(
      `GET https://api.test/events: its content type is ${shown}, expected text/event-stream`,
    );
  });

  it.each(['text/event-stream', 'text/event-stream;', 'Text/Event-Stream ; charset=utf-8'])(
    'may have the content type %s',
    async (type) => {
      const { api } = createStreams(() => head(null, { headers: { 'content-type': type } }));
      expect(logOf(sse$(api, '/events', { reconnect: false })).log).toEqual(['complete']);
    },
  );
});

describe('the end of a connection', () => {
  it('completes without reconnection, and discards an event that is not ended', async () => {
    const { api, connections } = createStreams();
    const { log } = logOf(sse$(api, '/events', { reconnect: false }).pipe(map(({ data }) => data)));
    connections[0]?.send('data: a\n\ndata: b\n');
    connections[0]?.end();
    await settle();
    expect(log).toEqual(['a', 'complete']);
  });

  it('is a NetworkError without reconnection if it broke', async () => {
    const { api, connections } = createStreams();
    const { log, errors } = logOf(sse$(api, '/events', { reconnect: false }));
    connections[0]?.break();
    await settle();
    expect(log).toEqual(['network']);
    expect(errors[0]).toMatchObject({
      message: 'GET https://api.test/events: the connection broke',
      cause: { message: 'terminated' },
    });
  });

  it.each(['end', 'break'] as const)('is followed by another connection after %s()', async (how) => {
    const { api, connections } = createStreams();
    const { log } = logOf(sse$(api, '/events').pipe(map(({ data, id }) => data + id)));
    connections[0]?.send('id: 1\ndata: a\n\nid: 2\n\nid: 3\ndata: lost\n');
    connections[0]?.[how]();
    await pass(999);
    expect(connections).toHaveLength(1);
    await pass(1);
    connections[1]?.send('data: b\n\n');
    await settle();
    expect(log).toEqual(['a1', 'b2']);
    expect(connections[1]?.request.headers['last-event-id']).toBe('2');
  });

  it('resumes after an id that the server has reset without one', async () => {
    const { api, connections } = createStreams();
    logOf(sse$(api, '/events', { lastEventId: '5' }));
    connections[0]?.send('id\ndata: a\n\n');
    connections[0]?.end();
    await pass(1_000);
    expect(connections.map(({ request }) => request.headers['last-event-id'])).toEqual(['5', undefined]);
  });
});

describe('the pause', () => {
  const openedAt = async (
    respond: Parameters<typeof createStreams>[0],
    reconnect: StreamOptions<string>['reconnect'],
    forMs: number,
    step = 50,
  ) => {
    const { api, connections } = createStreams(respond);
    const { log } = logOf(sse$(api, '/events', { reconnect }));
    const times = [0];
    for (let ms = step; ms <= forMs; ms += step) {
      await pass(step);
      while (times.length < connections.length) times.push(ms);
    }
    return { times, log };
  };

  it('doubles up to maxDelayMs', async () => {
    const { times } = await openedAt(network, { delayMs: 100, maxDelayMs: 350 }, 1_500);
    expect(times).toEqual([0, 100, 300, 650, 1_000, 1_350]);
  });

  it('is random, a half of that at least', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { times } = await openedAt(network, { delayMs: 100, maxDelayMs: 350 }, 500);
    expect(times).toEqual([0, 50, 150, 350, 500]);
  });

  it('begins with delayMs again after an event', async () => {
    const { api, connections } = createStreams((nth) => (nth < 3 ? network() : undefined));
    logOf(sse$(api, '/events'));
    await pass(7_000);
    connections[3]?.send('data: a\n\n');
    await settle();
    connections[3]?.end();
    await pass(1_000);
    expect(connections).toHaveLength(5);
  });

  it('does not begin again after a connection that brought no event', async () => {
    const { api, connections } = createStreams();
    logOf(sse$(api, '/events'));
    connections[0]?.send(': ping\n\nid: 1\n\n');
    connections[0]?.end();
    await pass(1_000);
    connections[1]?.end();
    await pass(1_999);
    expect(connections).toHaveLength(2);
    await pass(1);
    expect(connections).toHaveLength(3);
  });

  it('is of retry: in place of delayMs', async () => {
    const { api, connections } = createStreams();
    logOf(sse$(api, '/events'));
    connections[0]?.send('retry: 03000\n\nretry: 5x\n');
    connections[0]?.end();
    await pass(2_999);
    expect(connections).toHaveLength(1);
    await pass(1);
    expect(connections).toHaveLength(2);
  });

  it.each<[string, string, number]>([
    ['seconds', '7', 7_000],
    ['a date', 'Sun, 06 Nov 1994 08:49:37 GMT', 5_000],
    ['more than an hour', '86400', 3_600_000],
    ['less than the backoff', '0', 1_000],
    ['nonsense', 'soon', 1_000],
  ])('is prolonged by Retry-After: %s', async (_what, value, ms) => {
    vi.setSystemTime(Date.UTC(1994, 10, 6, 8, 49, 32));
    const { api, connections } = createStreams(() => head(null, { status: 503, headers: { 'retry-after': value } }));
    logOf(sse$(api, '/events'));
    await pass(ms - 1);
    expect(connections).toHaveLength(1);
    await pass(1);
    expect(connections).toHaveLength(2);
  });

  it('is ended by the network or a visible page, with listeners only during it', async () => {
    const page = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
    const global = new EventTarget();
    const added = vi.fn();
    const removed = vi.fn();
    for (const [name, spy] of [
      ['addEventListener', added],
      ['removeEventListener', removed],
    ] as const)
      vi.stubGlobal(name, (...args: Parameters<EventTarget['addEventListener']>) => {
        spy(args[0]);
        global[name](...args);
      });
    vi.stubGlobal('document', page);
    const { api, connections } = createStreams(network);
    const { subscription } = logOf(sse$(api, '/events', { reconnect: { delayMs: 10_000 } }));
    expect(added.mock.calls).toEqual([['online']]);
    global.dispatchEvent(new Event('online'));
    expect(connections).toHaveLength(2);
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([2, 1]);
    page.dispatchEvent(new Event('visibilitychange'));
    expect(connections).toHaveLength(2);
    page.visibilityState = 'visible';
    page.dispatchEvent(new Event('visibilitychange'));
    expect(connections).toHaveLength(3);
    subscription.unsubscribe();
    expect(added.mock.calls.length).toBe(removed.mock.calls.length);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('needs no events of the platform', async () => {
    vi.stubGlobal('addEventListener', undefined);
    vi.stubGlobal('removeEventListener', undefined);
    const { times } = await openedAt(network, { delayMs: 100 }, 100);
    expect(times).toEqual([0, 100]);
  });

  it('may be none', async () => {
    const { api, connections } = createStreams(network);
    const { subscription } = logOf(sse$(api, '/events', { reconnect: { delayMs: 0 } }));
    await pass(10);
    expect(connections.length).toBeGreaterThan(5);
    subscription.unsubscribe();
  });

  it.each([
    ['maxDelayMs', 100, 100],
    ['an hour', Infinity, 3_600_000],
  ])('is not longer than %s', async (_what, maxDelayMs, ms) => {
    const { api, connections } = createStreams(network);
    logOf(sse$(api, '/events', { reconnect: { delayMs: Infinity, maxDelayMs } }));
    await pass(ms - 1);
    expect(connections).toHaveLength(1);
    await pass(1);
    expect(connections).toHaveLength(2);
  });
});

describe('attempts', () => {
  it.each([0, 1, 3])('are reconnections in a row without an event: %d', async (attempts) => {
    const { api, connections } = createStreams(network);
    const { log } = logOf(sse$(api, '/events', { reconnect: { attempts } }));
    await pass(60_000);
    expect([log, connections.length]).toEqual([['network'], attempts + 1]);
  });

  it('complete the stream if the last connection ended without an error', async () => {
    const { api, connections } = createStreams();
    const { log } = logOf(sse$(api, '/events', { reconnect: { attempts: 1 } }));
    connections[0]?.end();
    await pass(1_000);
    connections[1]?.end();
    await settle();
    expect(log).toEqual(['complete']);
  });

  it('are counted from 0 again after an event', async () => {
    const { api, connections } = createStreams((nth) => (nth % 2 ? undefined : network()));
    const { log } = logOf(sse$(api, '/events', { reconnect: { attempts: 2, delayMs: 1 } }));
    for (let nth = 1; nth < 10; nth += 2) {
      await pass(10);
      connections[nth]?.send('data: a\n\n');
      await settle();
      connections[nth]?.end();
    }
    await pass(10);
    expect(log).toHaveLength(5);
  });
});

describe('an error at the opening', () => {
  it.each<[string, () => Observable<never>, boolean]>([
    ['NetworkError', network, true],
    ['RequestTimeoutError', () => fail(new RequestTimeoutError('slow')), true],
    ['SignedOutError', () => fail(new SignedOutError('gone')), false],
    ['SessionExpiredError', () => fail(new SessionExpiredError('gone')), false],
    ['InvalidRequestError', () => fail(new InvalidRequestError('bad')), false],
    ['BodyNotReplayableError', () => fail(new BodyNotReplayableError('sent')), false],
    ['RefreshError, the first time', () => fail(new RefreshError()), false],
    ['an error of an interceptor', () => fail(Object.assign(new Error('x'), { code: 'network' })), false],
  ])('is followed by another connection or not: %s', async (_name, respond, isFollowed) => {
    const { api, connections } = createStreams(respond);
    const { log } = logOf(sse$(api, '/events'));
    await pass(1_000);
    expect([log.length, connections.length]).toEqual(isFollowed ? [0, 2] : [1, 1]);
  });

  it('is a fruitless attempt if it is a RefreshError while reconnecting', async () => {
    const { api, connections } = createStreams((nth) => (nth === 0 ? undefined : fail(new RefreshError())));
    const { log } = logOf(sse$(api, '/events', { reconnect: { attempts: 2 } }));
    connections[0]?.end();
    await pass(60_000);
    expect([log, connections.length]).toEqual([['refresh'], 3]);
  });

  it('waits for the end of the cool-down', async () => {
    const { api, connections } = createStreams((nth) =>
      nth === 0 ? undefined : fail(new RefreshError(undefined, undefined, Date.now() + 20_000)),
    );
    logOf(sse$(api, '/events'));
    connections[0]?.end();
    await pass(1_000);
    await pass(19_999);
    expect(connections).toHaveLength(2);
    await pass(1);
    expect(connections).toHaveLength(3);
  });
});

describe('back-pressure', () => {
  it('reads the next chunk after all events of the one before', async () => {
    const { api, connections } = createStreams();
    const pulls: unknown[] = [];
    sse$(api, '/events').subscribe(({ data }) => pulls.push([data, connections[0]?.pulls]));
    await settle();
    connections[0]?.send('data: a\n\ndata: b\n\n');
    await settle();
    connections[0]?.send('data: c\n\n');
    await settle();
    expect(pulls).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 2],
    ]);
  });

  it('waits for an asynchronous schema, one event after another', async () => {
    const { api, connections } = createStreams();
    const waiting: ((result: { value: string }) => void)[] = [];
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: () => new Promise<{ value: string }>((resolve) => waiting.push(resolve)),
      },
    };
    const { log } = logOf(sse$(api, '/events', { schema }).pipe(map(({ data }) => data)));
    connections[0]?.send('data: a\n\ndata: b\n\n');
    await settle();
    expect([waiting.length, connections[0]?.pulls]).toEqual([1, 0]);
    waiting[0]?.({ value: 'A' });
    await settle();
    expect([log, waiting.length, connections[0]?.pulls]).toEqual([['A'], 2, 0]);
    waiting[1]?.({ value: 'B' });
    await settle();
    expect([log, connections[0]?.pulls]).toEqual([['A', 'B'], 1]);
  });
});

describe('unsubscribing', () => {
  it('closes the connection, and delivers no more of its chunk', async () => {
    const { api, connections } = createStreams();
    const seen: string[] = [];
    const subscription = sse$(api, '/events').subscribe(({ data }) => {
      seen.push(data);
      if (data === 'b') subscription.unsubscribe();
    });
    connections[0]?.send('data: a\n\ndata: b\n\ndata: c\n\n');
    await settle();
    expect([seen, connections[0]?.isCancelled]).toEqual([['a', 'b'], true]);
    await pass(60_000);
    expect(connections).toHaveLength(1);
  });

  it('validates no more of the chunk', async () => {
    const validate = vi.fn((value: unknown) => ({ value }));
    const { api, connections } = createStreams();
    sse$(api, '/events', { schema: { '~standard': { version: 1, vendor: 'test', validate } } })
      .pipe(take(1))
      .subscribe();
    connections[0]?.send('data: a\n\ndata: b\n\ndata: c\n\n');
    await settle();
    expect(validate.mock.calls).toEqual([['a']]);
  });

  it('ends an opening, a pause and a validation', async () => {
    const validate = () => new Promise<never>(() => {});
    const schema = { '~standard': { version: 1 as const, vendor: 'test', validate } };
    const { api, connections } = createStreams((nth) => (nth === 0 ? NEVER : nth === 1 ? network() : undefined));
    const opening = logOf(sse$(api, '/events'));
    opening.subscription.unsubscribe();
    const pausing = logOf(sse$(api, '/events'));
    expect(vi.getTimerCount()).toBe(1);
    pausing.subscription.unsubscribe();
    expect(vi.getTimerCount()).toBe(0);
    const validating = logOf(sse$(api, '/events', { schema }));
    connections[2]?.send('data: a\n\n');
    await settle();
    validating.subscription.unsubscribe();
    expect(connections[2]?.isCancelled).toBe(true);
    expect([opening.log, pausing.log, validating.log]).toEqual([[], [], []]);
  });
});

describe('a signal', () => {
  it('that is aborted sends nothing', () => {
    const { api, connections } = createStreams();
    const { log } = logOf(sse$(api, '/events', { signal: AbortSignal.abort('why') }));
    expect([log, connections.length]).toEqual([['why'], 0]);
  });

  it('ends an open stream with its reason', async () => {
    const { api } = createStreams();
    const controller = new AbortController();
    const { log } = logOf(sse$(api, '/events', { signal: controller.signal }));
    await settle();
    controller.abort('why');
    await settle();
    expect(log).toEqual(['why']);
  });

  it('has one listener for all streams of a client, and none after them', () => {
    const { api } = createStreams();
    const { signal } = new AbortController();
    const subscriptions = Array.from({ length: 11 }, () => sse$(api, '/events', { signal }).subscribe());
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const subscription of subscriptions) subscription.unsubscribe();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('without a reason, as of a polyfill, ends a stream with an AbortError', () => {
    const { api } = createStreams();
    const signal = Object.assign(new EventTarget(), { aborted: false }) as AbortSignal;
    const { errors } = logOf(sse$(api, '/events', { signal }));
    signal.dispatchEvent(new Event('abort'));
    Object.assign(signal, { aborted: true });
    const { errors: later } = logOf(sse$(api, '/events', { signal }));
    expect([errors, later]).toMatchObject([[{ name: 'AbortError' }], [{ name: 'AbortError' }]]);
  });

  it('ends a pause with its reason', async () => {
    const { api, connections } = createStreams(network);
    const controller = new AbortController();
    const { log } = logOf(sse$(api, '/events', { signal: controller.signal }));
    controller.abort('why');
    await settle();
    expect([log, connections.length, vi.getTimerCount()]).toEqual([['why'], 1, 0]);
  });
});

describe('the session', () => {
  // Ids of sessions have a random part.
  beforeEach(() => {
    vi.restoreAllMocks();
  });

  const withSession = (respond?: Parameters<typeof createStreams>[0], isInterceptor = false) => {
    const session = createSession({
      store: memoryStore({ accessToken: 'A1', refreshToken: 'R1' }),
      refresh: () => of({ accessToken: 'A2' }),
    });
    const options = isInterceptor
      ? { interceptors: [bearer(session, { allowedOrigins: ['https://api.test'] })] }
      : { session };
    return { session, ...createStreams(respond, options) };
  };

  const afterFirst = (nth: number) => (nth === 0 ? undefined : network());

  it.each([
    ['while the stream is open', undefined, false],
    ['in the pause', afterFirst, false],
    ['while it is open, of an interceptor', undefined, true],
    ['in the pause, of an interceptor', afterFirst, true],
  ])('ends the stream at its end %s', async (_when, respond, isInterceptor) => {
    const { session, api, connections } = withSession(respond, isInterceptor);
    const { log } = logOf(sse$(api, '/events').pipe(map(({ data }) => data)));
    connections[0]?.send('data: a\n\n');
    await settle();
    if (respond) connections[0]?.end();
    else connections[0]?.send('data: b\n\n');
    if (respond) await pass(1_500);
    void session.signIn({ accessToken: 'B1' });
    expect(log).toEqual(['a', 'signed-out']);
    await pass(60_000);
    expect([log.length, connections.every(({ request }) => request.headers.authorization === 'Bearer A1')]).toEqual([
      2,
      true,
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends a stream that connects after its end, of an interceptor', async () => {
    const { session, api, connections } = withSession(undefined, true);
    const { log } = logOf(sse$(api, '/events'));
    api.events$.subscribe((event) => {
      if (event.type === 'stream' && event.phase === 'reconnecting') void session.signIn({ accessToken: 'B1' });
    });
    connections[0]?.end();
    await pass(60_000);
    expect([log, connections.length]).toEqual([['signed-out'], 1]);
  });

  it('gives each connection the token of that moment', async () => {
    const { session, api, connections } = withSession();
    logOf(sse$(api, '/events'));
    await session.update({ accessToken: 'A7' });
    connections[0]?.end();
    await pass(1_000);
    expect(connections.map(({ request }) => request.headers.authorization)).toEqual(['Bearer A1', 'Bearer A7']);
  });

  it('delivers nothing after a sign-out in a subscriber', async () => {
    const { session, api, connections } = withSession();
    const log: string[] = [];
    sse$(api, '/events').subscribe({
      next: ({ data }) => {
        log.push(data);
        void session.signOut();
      },
      error: ({ code }) => log.push(code),
    });
    connections[0]?.send('data: a\n\ndata: b\n\n');
    await settle();
    expect([log, connections[0]?.isCancelled]).toEqual([['a', 'signed-out'], true]);
  });
});

describe('reports', () => {
  const reportsOf = (events: ApiEvent[]) =>
    events.flatMap((event) => {
      if (event.type !== 'stream') return [];
      const { type, streamId, method, url, atMs, ...rest } = event;
      return [rest];
    });

  it('say what happens, ten times a second at most', async () => {
    const { api, connections } = createStreams();
    const events: ApiEvent[] = [];
    api.events$.subscribe((event) => events.push(event));
    const { subscription } = logOf(sse$(api, '/events?token=secret'));
    for (let ms = 0; ms < 250; ms += 10) {
      connections[0]?.send('data: a\n\n');
      await pass(10);
    }
    connections[0]?.break();
    await pass(1_000);
    subscription.unsubscribe();
    expect(reportsOf(events)).toEqual([
      { phase: 'opened', connection: 1, events: 0 },
      { phase: 'events', connection: 1, events: 1 },
      { phase: 'events', connection: 1, events: 10 },
      { phase: 'events', connection: 1, events: 20 },
      { phase: 'reconnecting', connection: 1, events: 25, delayMs: 1_000, error: 'network' },
      { phase: 'opened', connection: 2, events: 25 },
      { phase: 'ended', connection: 2, events: 25 },
    ]);
    expect(JSON.stringify(events)).not.toContain('secret');
    expect(events.find(({ type }) => type === 'stream')).toMatchObject({
      streamId: 1,
      method: 'GET',
      url: 'https://api.test/events',
    });
  });

  it('say how many events a burst has brought, after it', async () => {
    const { api, connections } = createStreams();
    const events: ApiEvent[] = [];
    const recording = api.events$.subscribe((event) => events.push(event));
    logOf(sse$(api, '/events'));
    connections[0]?.send('data: a\n\n'.repeat(5));
    await pass(1_000);
    expect(reportsOf(events).map(({ phase, events: count }) => [phase, count])).toEqual([
      ['opened', 0],
      ['events', 1],
      ['events', 5],
    ]);
    recording.unsubscribe();
    connections[0]?.send('data: a\n\n');
    await pass(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(['opened', 'events', 'reconnecting'] as const)('may unsubscribe the stream: %s', async (phase) => {
    const { api, connections } = createStreams();
    const phases: string[] = [];
    let subscription: Subscription | undefined;
    api.events$.subscribe((event) => {
      if (event.type !== 'stream') return;
      phases.push(event.phase);
      if (event.phase === phase) subscription?.unsubscribe();
    });
    const log: unknown[] = [];
    subscription = new Subscription();
    subscription.add(sse$(api, '/events').subscribe((event) => log.push(event)));
    connections[0]?.send('data: a\n\n');
    await settle();
    if (phase === 'reconnecting') connections[0]?.end();
    await pass(60_000);
    expect([phases.slice(-2), connections.length, vi.getTimerCount()]).toEqual([[phase, 'ended'], 1, 0]);
    expect(log).toHaveLength(phase === 'reconnecting' ? 1 : 0);
    expect(connections[0]?.isCancelled).toBe(phase !== 'reconnecting');
  });

  it.each<[string, Parameters<typeof createStreams>[0], object]>([
    ['completion', () => head(null, { status: 204 }), { phase: 'ended', connection: 1, events: 0 }],
    ['an error', () => head(null, { status: 404 }), { phase: 'ended', connection: 1, events: 0, error: 'status' }],
    ['a foreign error', () => fail(new Error('x')), { phase: 'ended', connection: 1, events: 0, error: 'unknown' }],
    ['no error', () => throwError(() => undefined), { phase: 'ended', connection: 1, events: 0, error: 'unknown' }],
  ])('end with %s', (_what, respond, expected) => {
    const { api } = createStreams(respond);
    const events: ApiEvent[] = [];
    api.events$.subscribe((event) => events.push(event));
    logOf(sse$(api, '/events'));
    expect(reportsOf(events)).toEqual([expected]);
  });
});
