import { isApiError, type SessionOptions, type TokenGrant } from 'renewal';
import { defer, finalize, of } from 'rxjs';
import { expect, it } from 'vitest';
import { describeEvent, eventsOf, warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { createExpiredClient, errorOf } from '../../support/server-client';
import { tokensShownBy } from '../../support/server-secrets';
import { withServer } from '../../support/with-server';

/** Values that `refresh` may emit despite its types, and their descriptions. */
const SHAPES: readonly (readonly [what: string, emitted: () => unknown, why: string])[] = [
  [
    'the body of a token endpoint',
    () => ({ access_token: 'a.access.2', expires_in: 60 }),
    'no accessToken in what it emitted (keys: access_token, expires_in)',
  ],
  [
    'a response of axios',
    () => ({ data: { accessToken: 'a.access.2' }, status: 200, statusText: '', headers: {}, config: {}, request: {} }),
    'no accessToken in what it emitted (keys: data, status, statusText, headers, config, request)',
  ],
  ['a Response', () => new Response('{"accessToken":"a.access.2"}'), 'no accessToken in what it emitted (Response)'],
  ['a string', () => 'a.access.2', 'no accessToken in what it emitted (String)'],
  ['null', () => null, 'no accessToken in what it emitted (Null)'],
  [
    'an envelope that no interceptor opens',
    () => ({ code: 0, data: { accessToken: 'a.access.2' }, message: 'ok' }),
    'no accessToken in what it emitted (keys: code, data, message)',
  ],
  ['tokens as keys', () => ({ 'a.access.2': 'a.refresh.2' }), 'no accessToken in what it emitted (keys: …)'],
  [
    'a token that cannot travel in a header',
    () => ({ accessToken: 'a.access.2\n' }),
    'accessToken: expected a string of printable ASCII',
  ],
  [
    'a refresh token of another kind',
    () => ({ accessToken: 'a.access.2', refreshToken: ['a.refresh.2'] }),
    'refreshToken: expected a string of printable ASCII',
  ],
];

failureMode(
  {
    id: 'B24',
    title: 'A grant with other names, or inside a response, fails silently as if offline',
    renewal:
      'The cause of the `RefreshError` names the missing field and the present keys, never a value, and so does a warning on `events$`; `signIn` rejects with such a `TypeError`.',
    threads: ['newsiberian/apollo-link-token-refresh#24'],
  },
  (signal) => {
    const server = withServer(signal);

    const createFrom = (emitted: () => unknown, options: Partial<SessionOptions> = {}) => {
      const emit = () => of(emitted() as TokenGrant); // plain JavaScript may emit it
      const client = createExpiredClient(server, { refresh: emit, ...options });
      return { ...client, events: eventsOf(client.api) };
    };

    it.each(SHAPES)('reports why a refresh brought no tokens: %s', async (_, emitted, why) => {
      const { api, session, events } = createFrom(emitted);
      const error = await errorOf(api.get$('/orders'));
      expect(error).toMatchObject({ code: 'refresh', cause: { name: 'TypeError', message: `refresh: ${why}` } });
      expect(session.state).toMatchObject({ status: 'expired', error });
      expect(warningsIn(events)).toEqual([`refresh: ${why}`]);
      expect(tokensShownBy([error, events])).toEqual([]);
    });

    it.each(SHAPES)('reports why restore brought no tokens: %s', async (_, emitted, why) => {
      const store = { load: () => null, save: () => {}, clear: () => {} };
      const { api, events } = createFrom(emitted, { store, restore: () => of(emitted() as TokenGrant) });
      const error = await errorOf(api.get$('/orders'));
      expect(error).toMatchObject({ code: 'refresh', cause: { message: `restore: ${why}` } });
      expect(warningsIn(events)).toEqual([`restore: ${why}`]);
      expect(tokensShownBy([error, events])).toEqual([]);
    });

    it.each(SHAPES)('reports why a sign-in is invalid: %s', async (_, emitted, why) => {
      const { session } = createFrom(emitted);
      const before = session.state;
      const error = await session.signIn(emitted() as TokenGrant).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toBe(`signIn: ${why.replace('emitted', 'was given').replace('(Null)', '(keys: none)')}`);
      expect(session.state).toBe(before);
      expect(tokensShownBy([error])).toEqual([]);
    });

    it('warns after the event of the refresh, once its lock has been released', async () => {
      let isLocked = false;
      const lockedAt: boolean[] = [];
      const { api, events, session } = createFrom(() => ({}), {
        store: {
          load: () => ({ accessToken: 'a.access.1', refreshToken: 'a.refresh.1', sessionId: 's' }),
          save: () => {},
          clear: () => {},
          exclusive: (work) =>
            defer(() => {
              isLocked = true;
              return work.pipe(
                finalize(() => {
                  isLocked = false;
                }),
              );
            }),
        },
      });
      api.events$.subscribe(({ type }) => type === 'warning' && lockedAt.push(isLocked));
      await errorOf(session.refresh$());
      expect(events.map(describeEvent).slice(-2)).toEqual([
        expect.stringMatching(/^refresh 1 failed.*kind malformed/),
        'warning refresh: no accessToken in what it emitted (keys: none)',
      ]);
      expect(lockedAt).toEqual([false]);
    });

    it('reports the error of a throwing getter as the cause', async () => {
      const hostile = Object.defineProperty({}, 'accessToken', {
        get: () => {
          throw new Error('hostile');
        },
      });
      const { api } = createFrom(() => hostile);
      const error = await errorOf(api.get$('/orders'));
      expect(isApiError(error, 'refresh') && error.cause).toEqual(new Error('hostile'));
    });
  },
);
