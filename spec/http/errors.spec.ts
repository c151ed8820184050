import {
  ApiError,
  type ApiErrorCode,
  BodyNotReplayableError,
  BusinessError,
  createApi,
  HttpStatusError,
  InvalidRequestError,
  isApiError,
  NetworkError,
  RefreshError,
  RequestTimeoutError,
  ResponseParseError,
  retryRequests,
  SchemaError,
  SessionExpiredError,
  SignedOutError,
  TokenRejectedError,
  xsrf,
} from 'renewal';
import { throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createRecorder, createSignedIn, outcomeOf, shownOf } from '../support/http-client';
import { requestOf } from '../support/request';
import { response } from '../support/virtual';

const request = requestOf({
  method: 'POST',
  url: 'https://user:hidden@h.test:8443/a/b?hidden=1#hidden',
  headers: { authorization: 'Bearer hidden' },
  body: '{"password":"hidden"}',
  timeoutMs: 5,
});
const answer = response(404, { token: 'hidden' }, { 'set-cookie': 'hidden' });
const cause = new Error('why');
const details = { request, response: answer, cause };

/** Every class, its code, and one error of it that happened to `request`. */
const ofRequests: [string, ApiErrorCode, ApiError][] = [
  ['HttpStatusError', 'status', new HttpStatusError(request, answer)],
  ['NetworkError', 'network', new NetworkError('what', details)],
  ['RequestTimeoutError', 'timeout', new RequestTimeoutError('what', details)],
  ['ResponseParseError', 'parse', new ResponseParseError('what', details)],
  ['SchemaError', 'schema', new SchemaError(request, answer, [{ message: 'hidden', path: ['hidden.1'] }])],
  ['BusinessError', 'business', new BusinessError(request, answer, 7, 'what')],
  ['InvalidRequestError', 'request', new InvalidRequestError('what', details)],
  ['TokenRejectedError', 'token-rejected', new TokenRejectedError('what', details)],
  ['BodyNotReplayableError', 'body-not-replayable', new BodyNotReplayableError('what', details)],
];
const ofSessions: [string, ApiErrorCode, ApiError][] = [
  ['RefreshError', 'refresh', new RefreshError(cause)],
  ['SessionExpiredError', 'session-expired', new SessionExpiredError('what', { cause })],
  ['SignedOutError', 'signed-out', new SignedOutError('what')],
];
const all = [...ofRequests, ...ofSessions];

describe.each(all)('%s', (name, code, error) => {
  it('is an error of this library with a name and a code of its own', () => {
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.code]).toEqual([name, code]);
    expect(error.stack).toMatch(new RegExp(`^${name}: `));
  });

  it('is told from all others by its code', () => {
    expect(isApiError(error)).toBe(true);
    expect(all.filter(([, other]) => isApiError(error, other)).map(([other]) => other)).toEqual([name]);
  });

  it('shows its code as JSON and in a loop over its keys, but no request or response', () => {
    const keys = Object.keys(error);
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ code });
    expect(keys).toContain('code');
    for (const key of ['request', 'response', 'cause']) expect(keys).not.toContain(key);
  });
});

describe.each(ofRequests)('%s, which happens to a request,', (_, __, error) => {
  it('says to which, without user info, query or hash', () => {
    expect(error.message).toMatch(
      /^POST https:\/\/h\.test:8443\/a\/b: (what|status 404|its body does not match the schema at …)$/,
    );
  });

  it('has the request without what may be a secret', () => {
    expect(error.request).toMatchObject({ method: 'POST', url: 'https://h.test:8443/a/b', headers: {}, body: null });
  });

  it('shows no secret to those who print it', () => {
    expect(shownOf(error)).not.toContain('hidden');
  });
});

describe.each(ofSessions)('%s, which happens to a session,', (_, __, error) => {
  it('has no request', () => {
    expect(error.request).toBeUndefined();
  });
});

describe('an error', () => {
  it.each([
    ['RequestTimeoutError', new RequestTimeoutError('what', details)],
    ['NetworkError', new NetworkError('what', details)],
    ['RefreshError', new RefreshError(cause)],
    ['SessionExpiredError', new SessionExpiredError('what', { cause })],
  ])('keeps what led to it (%s)', (_, error) => {
    expect(error.cause).toBe(cause);
  });

  it('has no cause where there is none', () => {
    expect(new NetworkError('what', { request })).not.toHaveProperty('cause');
    expect(new SignedOutError('what')).not.toHaveProperty('cause');
  });

  it('has the answer that it speaks of, whole', () => {
    expect(new HttpStatusError(request, answer)).toMatchObject({ status: 404, message: expect.any(String) });
    expect(new HttpStatusError(request, answer).response).toBe(answer);
    expect(new BusinessError(request, answer, 7, 'what').response).toBe(answer);
    expect(new ResponseParseError('what', details).response).toBe(answer);
    expect(new TokenRejectedError('what', details).response).toBe(answer);
    expect(new NetworkError('what', { request }).response).toBeUndefined();
  });

  it('of a business has its code as the server sent it', () => {
    expect(new BusinessError(request, answer, 7, 'what').businessCode).toBe(7);
    expect(new BusinessError(request, answer, 'E7', 'what').businessCode).toBe('E7');
  });

  it('of a refresh distinguishes failure and timeout, and has the requested delay', () => {
    expect(new RefreshError(cause).message).toBe('the refresh failed');
    expect(new RefreshError().message).toBe('the refresh took too long');
    expect(new RefreshError(cause, 0).retryAfterMs).toBe(0);
    expect(new RefreshError(cause)).not.toHaveProperty('retryAfterMs');
  });

  it('whose cause holds an answer shows none of it', () => {
    expect(shownOf(new RefreshError(new HttpStatusError(request, answer)))).not.toContain('hidden');
    expect(shownOf(new SessionExpiredError('what', { cause: new HttpStatusError(request, answer) }))).not.toContain(
      'hidden',
    );
  });
});

describe('serverMessage', () => {
  const bodies: [string, unknown, string | undefined][] = [
    ['message', { message: 'sold out', detail: 'no' }, 'sold out'],
    ['msg', { msg: 'sold out' }, 'sold out'],
    ['the detail of a problem (RFC 9457)', { title: 'Conflict', detail: 'sold out', status: 409 }, 'sold out'],
    ['the title of one without', { title: 'Conflict' }, 'Conflict'],
    ['error_description (RFC 6749)', { error: 'invalid_request', error_description: 'no code' }, 'no code'],
    ['the next one where the first is no text', { message: { en: 'no' }, msg: 'sold out' }, 'sold out'],
    ['the next one where the first is empty', { message: ' ', title: 'Conflict' }, 'Conflict'],
    ['500 characters', { message: 'x'.repeat(500) }, 'x'.repeat(500)],
    ['no more than that', { message: 'x'.repeat(501) }, undefined],
    ['nothing of a code', { error: 'invalid_grant' }, undefined],
    ['nothing of a text', '<html>message</html>', undefined],
    ['nothing of a list', ['sold out'], undefined],
    ['nothing of a file', new Blob(['{"message":"sold out"}']), undefined],
    ['nothing of no body', null, undefined],
  ];

  it.each(bodies)('is %s', (_, body, words) => {
    const found = response(409, body);
    expect(new HttpStatusError(request, found).serverMessage).toBe(words);
    expect(new BusinessError(request, found, 7).serverMessage).toBe(words);
  });

  it('of a business has the message of its envelope, or else the code', () => {
    const error = new BusinessError(request, response(200, { message: 'other' }), 7, 'sold out');
    expect([error.serverMessage, error.message]).toEqual(['sold out', 'POST https://h.test:8443/a/b: sold out']);
    expect(new BusinessError(request, response(200), 'E7').message).toMatch(/: code E7$/);
  });

  it('reads no body before it is asked', () => {
    const body = Object.defineProperty({}, 'message', {
      get: () => {
        throw new Error('read');
      },
    });
    const found = response(409, body);
    expect(() => [new HttpStatusError(request, found), new BusinessError(request, found, 7)]).not.toThrow();
  });

  it.each([
    new HttpStatusError(request, response(409, { message: 'sold out' })),
    new BusinessError(request, response(200), 7, 'sold out'),
  ])('is no key of $name', (error) => {
    expect(error.serverMessage).toBe('sold out');
    expect(Object.keys(error)).not.toContain('serverMessage');
  });
});

describe('the request of an error', () => {
  it('holds the fields of a request and nothing that was added to it', () => {
    const added = { ...request, [Symbol('added')]: 'hidden', added: 'hidden' };
    const { request: shown } = new NetworkError('what', { request: added });
    expect(Reflect.ownKeys(shown ?? {}).sort()).toEqual(Reflect.ownKeys(request).sort());
    expect(shown).toEqual({ ...request, url: 'https://h.test:8443/a/b', headers: {}, body: null });
  });

  it('holds no symbol of this package, whatever made it', () => {
    const session = createSignedIn();
    const { api } = createRecorder({
      session,
      interceptors: [xsrf()],
      transport: (sent) => throwError(() => new NetworkError('no answer', { request: sent })),
    });
    const { error } = outcomeOf(api.post$('/a', {}));
    expect(Object.getOwnPropertySymbols(Object(error).request)).toEqual([]);
  });
});

describe('errors of another copy of the package', () => {
  it('are taken for what they are', async () => {
    vi.resetModules();
    const other = await import('renewal');
    const error = new other.HttpStatusError(request, response(404));
    expect(error).not.toBeInstanceOf(ApiError);
    expect([isApiError(error), isApiError(error, 'status'), isApiError(error, 'network')]).toEqual([true, true, false]);
    expect(other.isApiError(new NetworkError('what'), 'network')).toBe(true);
  });

  it('are named in events, and understood by those who look at errors', async () => {
    vi.resetModules();
    const other = await import('renewal');
    const { api } = createRecorder({
      interceptors: [retryRequests({ attempts: 2, delayMs: 0 })],
      transport: (sent) => throwError(() => new other.NetworkError('no answer', { request: sent })),
    });
    const phases: unknown[] = [];
    api.events$.subscribe((event) => event.type === 'request' && phases.push(event.error ?? event.phase));
    vi.useFakeTimers();
    outcomeOf(api.get$('/a'));
    vi.runAllTimers();
    vi.useRealTimers();
    expect(phases).toEqual(['queued', 'sent', 'resent', 'network']);
  });
});

describe('isApiError', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'network'],
    ['an error of another kind', new Error('x')],
    [
      'an error that has the same code and name',
      Object.assign(new Error('x'), { code: 'network', name: 'NetworkError' }),
    ],
    ['a plain object', { code: 'network' }],
  ])('is not misled by %s', (_, value) => {
    expect(isApiError(value)).toBe(false);
    expect(isApiError(value, 'network')).toBe(false);
  });
});

describe('what a caller is shown', () => {
  it('says where a relative request was to go, where that is all there is', () => {
    const { api } = createRecorder();
    expect(String(outcomeOf(api.get$('/a?hidden', { timeoutMs: -1 })).error)).toMatch(
      /^InvalidRequestError: GET \/a: timeoutMs/,
    );
  });

  it.each([
    'https://user:hidden@[/a',
    'https://user:hid?hidden@h.test:99999/a',
    'https://user:hidden@h.test:99999/a',
    'https:/user:hidden@h.test:99999/a',
    'https:user:hidden@h.test:99999/a',
    'https:\\\\user:hidden@h.test:99999\\a',
    '\\\\user:hidden@h.test:99999\\a',
    '//user:hidden@h.test:99999/a',
    'https://a@user:hidden@h.test:99999/a',
    'ftp://user:hidden@h.test/a?hidden#hidden',
  ])('quotes no user info of a url that is refused: %s', (url) => {
    const { error } = outcomeOf(createApi().get$(url));
    expect(error).toMatchObject({ code: 'request' });
    const { request: asked } = error as ApiError; // as the line above has shown
    expect([shownOf(error), asked?.url].join()).not.toContain('hidden');
  });

  it.each(['https:\\\\user:hidden@h.test\\a', 'https:/user:hidden@h.test/a', ' https://user:hidden@h.test/a'])(
    'quotes no user info where it is something else that is wrong: %s',
    (url) => {
      const { error } = outcomeOf(createApi().get$(url, { timeoutMs: -1 }));
      expect(error).toMatchObject({ code: 'request' });
      expect(shownOf(error)).not.toContain('hidden');
    },
  );

  it('quotes no user info of the baseUrl', () => {
    const { api } = createRecorder({
      baseUrl: 'https://user:hidden@h.test/v1',
      transport: (sent) => throwError(() => new NetworkError('no answer', { request: sent })),
    });
    expect(String(outcomeOf(api.get$('a?hidden')).error)).toBe('NetworkError: GET https://h.test/v1/a: no answer');
  });
});
