import {
  anyOf,
  bearer,
  bodyCode,
  businessCode,
  clientCredentials,
  createApi,
  createSession,
  envelope,
  logRequests,
  memoryStore,
  oauthRefresh,
  retryRequests,
  statusCode,
  type TokenGrant,
  webStorageStore,
  xsrf,
} from 'renewal';
import { defineTimelineElement, recordTimeline } from 'renewal/devtools';
import { EMPTY, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createSignedIn } from './support/http-client';

/** What plain JavaScript may pass, whatever the types say. */
const untyped = (value: unknown): never => value as never;

const refresh = () => of({ accessToken: 'T2' });
const session = createSignedIn();
const http = createApi();
const oauth = { url: '/token', clientId: 'shop' };
const keys = { accessToken: 'token', refreshToken: 'refreshToken' };

/** Values that no option takes which is not of their kind; each quotes `hidden` if it is quoted. */
const notFunctions = [null, 401, 'hidden', { hidden: 1 }, ['hidden'], true];
const notTexts = [null, 7, '', { hidden: 1 }, ['hidden'], () => 'hidden', true];
const notDurations = [null, -1, Number.NaN, '5', 5n, 'hidden', {}, () => 5];
const notCounts = [null, -1, 0.5, Number.NaN, '5', 'hidden', {}];
const notSwitches = [null, 0, 1, 'true', 'hidden', {}, () => true];
const notObjects = [null, 7, 'hidden', true, ['hidden'], () => ({ hidden: 1 })];

/** What creates, the option that is wrong, and what is no value for it. */
const options: readonly (readonly [string, string, readonly unknown[], (value: never) => unknown])[] = [
  ['createSession', 'refresh', [undefined, ...notFunctions], (value) => createSession({ refresh: value })],
  [
    'createSession',
    'store',
    [
      webStorageStore,
      memoryStore,
      null,
      7,
      'hidden',
      {},
      { load: () => null, save: () => {} },
      [],
      { load: 1, save: 1, clear: 1 },
    ],
    (value) => createSession({ refresh, store: value }),
  ],
  ...['restore', 'isExpired', 'isRefused', 'authorize', 'onSessionExpired', 'onSignOut'].map(
    (name) =>
      ['createSession', name, notFunctions, (value: never) => createSession({ refresh, [name]: value })] as const,
  ),
  ...['refreshTimeoutMs', 'refreshAheadMs'].map(
    (name) =>
      ['createSession', name, notDurations, (value: never) => createSession({ refresh, [name]: value })] as const,
  ),
  ['createSession', 'refreshRetries', notCounts, (value) => createSession({ refresh, refreshRetries: value })],
  [
    'createSession',
    'releaseConcurrency',
    [0, ...notCounts],
    (value) => createSession({ refresh, releaseConcurrency: value }),
  ],
  ['keepFresh$', 'whileHidden', notSwitches, (value) => session.keepFresh$({ whileHidden: value })],
  ['keepFresh$', 'options', notObjects, (value) => session.keepFresh$(value)],
  ['bearer', 'session', [undefined, ...notObjects], (value) => bearer(value)],
  ['bearer', 'options', notObjects, (value) => bearer(session, value)],
  [
    'bearer',
    'allowedOrigins',
    [null, 'https://hidden.test', ['hidden'], [null], {}],
    (value) => bearer(session, { allowedOrigins: value }),
  ],
  ['memoryStore', 'initial', notObjects, (value) => memoryStore(value)],
  ['webStorageStore', 'options', notObjects, (value) => webStorageStore(value)],
  ['webStorageStore', 'storage', notFunctions, (value) => webStorageStore({ storage: value })],
  ['webStorageStore', 'key', notTexts, (value) => webStorageStore({ key: value })],
  [
    'webStorageStore',
    'keys',
    [
      'token',
      null,
      {},
      ['a', 'b'],
      { accessToken: 'hidden' },
      { ...keys, refreshToken: '' },
      { ...keys, accessToken: 7 },
      { accessToken: 'hidden', refreshToken: 'hidden' },
    ],
    (value) => webStorageStore({ keys: value }),
  ],
  ['webStorageStore', 'lockTimeoutMs', notDurations, (value) => webStorageStore({ lockTimeoutMs: value })],
  ...Object.entries({ oauthRefresh, clientCredentials }).flatMap(
    ([name, create]): [string, string, readonly unknown[], (value: never) => unknown][] => [
      [name, 'http', [undefined, ...notObjects], (value) => create(value, oauth)],
      [name, 'options', [undefined, ...notObjects], (value) => create(http, value)],
      [name, 'url', [undefined, null, 7, {}], (value) => create(http, { ...oauth, url: value })],
      [name, 'clientId', [undefined, ...notTexts], (value) => create(http, { ...oauth, clientId: value })],
      [
        name,
        'clientSecret',
        notTexts.filter((each) => each !== ''),
        (value) => create(http, { ...oauth, clientSecret: value }),
      ],
      [name, 'scope', notTexts.filter((each) => each !== ''), (value) => create(http, { ...oauth, scope: value })],
      [
        name,
        'params',
        [...notObjects, { resource: 7 }, { resource: undefined }, { refresh_token: 'hidden' }, { scope: 'hidden' }],
        (value) => create(http, { ...oauth, params: value }),
      ],
    ],
  ),
  ['envelope', 'options', notObjects, (value) => envelope(value)],
  ['envelope', 'successCode', [null, Number.NaN, {}, true], (value) => envelope({ successCode: value })],
  ...['code', 'data', 'message'].map(
    (name) => ['envelope', name, notTexts, (value: never) => envelope({ [name]: value })] as const,
  ),
  ['retry', 'options', notObjects, (value) => retryRequests(value)],
  ['retry', 'attempts', [0, ...notCounts], (value) => retryRequests({ attempts: value })],
  ['retry', 'delayMs', notDurations, (value) => retryRequests({ delayMs: value })],
  ['retry', 'maxDelayMs', notDurations, (value) => retryRequests({ maxDelayMs: value })],
  ['retry', 'methods', [null, 'GET', {}, [7], [null]], (value) => retryRequests({ methods: value })],
  ['retry', 'statuses', [null, 503, {}, ['503'], [0.5]], (value) => retryRequests({ statuses: value })],
  ['log', 'write', [undefined, ...notFunctions], (value) => logRequests(value)],
  ['xsrf', 'options', notObjects, (value) => xsrf(value)],
  ['xsrf', 'cookieName', [...notTexts, 'a=b'], (value) => xsrf({ cookieName: value })],
  ['xsrf', 'headerName', [...notTexts, 'a b'], (value) => xsrf({ headerName: value })],
  ['bodyCode', 'codes', [undefined, null, true, {}, [1002], () => 1002], (value) => bodyCode(value)],
  ['businessCode', 'codes', [undefined, null, true, {}, [1003], () => 1003], (value) => businessCode(value)],
  ['status', 'codes', [undefined, null, '401', 0.5, {}, [401]], (value) => statusCode(value)],
  ['anyOf', 'predicates', [undefined, ...notFunctions, [statusCode(401)]], (value) => anyOf(value)],
  ['recordTimeline', 'api', [undefined, ...notObjects, {}, { events$: {} }], (value) => recordTimeline(value)],
  ['recordTimeline', 'options', [null, 7, 'hidden'], (value) => recordTimeline(http, value)],
  ['recordTimeline', 'maxLanes', [0, Infinity, ...notCounts], (value) => recordTimeline(http, { maxLanes: value })],
  ['defineTimelineElement', 'name', [...notTexts, 'timeline', 'A-b', 'a b-c'], (value) => defineTimelineElement(value)],
];

describe.each(options)('%s', (_, name, values, create) => {
  // A list among them is one value.
  it.each(values.map((value) => [value]))(`refuses a wrong ${name}: %o`, (value) => {
    expect(() => create(untyped(value))).toThrow(TypeError);
    expect(() => create(untyped(value))).toThrow(new RegExp(`^${name}: (?!.*hidden)`));
  });
});

describe('createSession', () => {
  it('asks for a refresh where it is given nothing', () => {
    const refusal = new TypeError('refresh: expected a function');
    expect(() => createSession(untyped(undefined))).toThrow(refusal);
    expect(() => createSession(untyped({}))).toThrow(refusal);
  });

  it.each([[401], ['hidden'], [[]], [() => EMPTY]])('refuses %o for its options', (value) => {
    expect(() => createSession(untyped(value))).toThrow(new TypeError('options: expected an object'));
  });

  it('accepts a store whose members throw when read: it fails later, as a store', () => {
    const members = Object.fromEntries(
      ['load', 'save', 'clear'].map((name) => [
        name,
        {
          get: () => {
            throw new Error('broken');
          },
        },
      ]),
    );
    expect(() => createSession({ refresh, store: untyped(Object.create(null, members)) })).not.toThrow();
  });

  it('takes options that are undefined for none', () => {
    const names = [
      'store',
      'restore',
      'isExpired',
      'isRefused',
      'authorize',
      'onSessionExpired',
      'onSignOut',
      'refreshTimeoutMs',
      'refreshRetries',
    ];
    const nothing = Object.fromEntries(
      [...names, 'refreshAheadMs', 'releaseConcurrency'].map((name) => [name, undefined]),
    );
    expect(createSession({ refresh, ...nothing }).state.status).toBe('signed-out');
  });
});

describe('memoryStore', () => {
  it.each<TokenGrant>([
    { accessToken: '' },
    untyped({}),
    untyped({ access_token: 'hidden' }),
    { accessToken: 'hidden\n' },
  ])('refuses a grant without a token: %o', (grant) => {
    expect(() => memoryStore(grant)).toThrow(TypeError);
    expect(() => memoryStore(grant)).toThrow(expect.not.stringContaining('hidden'));
  });
});
