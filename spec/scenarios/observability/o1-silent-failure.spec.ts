import {
  type ApiEvent,
  createApi,
  envelope,
  memoryStore,
  type RefreshEvent,
  type SessionOptions,
  type TokenGrant,
} from 'renewal';
import { of, throwError } from 'rxjs';
import { expect, it } from 'vitest';
import { describeEvent, eventsOf, warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { createQuietStore } from '../../support/quiet-store';
import { json, REFRESH, type Reply } from '../../support/server';
import { createExpiredClient, errorOf } from '../../support/server-client';
import { createVirtualClient, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

type Failure = Pick<RefreshEvent, 'kind' | 'status' | 'final'>;

/** The responses to a refresh, and the details of its failed event. */
const ANSWERS: readonly (readonly [string, Reply, Failure])[] = [
  ['status 503', { status: 503 }, { kind: 'status', status: 503, final: false }],
  ['status 429', json({}, 429), { kind: 'status', status: 429, final: false }],
  ['a reset', 'reset', { kind: 'network', final: false }],
  ['a body that is not JSON', { body: '<h1>' }, { kind: 'parse', status: 200, final: false }],
  ['a malformed grant', json({ token: '' }), { kind: 'malformed', final: false }],
  ['a refusal', json({ error: 'invalid_grant' }, 400), { kind: 'status', status: 400, final: true }],
  ['status 401 alone', { status: 401 }, { kind: 'status', status: 401, final: true }],
];

const refreshesIn = (events: readonly ApiEvent[]): RefreshEvent[] =>
  events.flatMap((event) => (event.type === 'refresh' ? event : []));

failureMode(
  {
    id: 'O1',
    title: 'A refresh fails silently',
    renewal:
      '`events$` reports when each refresh starts and how it ends: the reason, the status, whether that ended the session, and how many requests waited. A problem that no caller sees is a warning.',
    threads: ['supabase/auth-js#226', 'supabase/supabase-swift#630'],
  },
  (signal) => {
    const server = withServer(signal);

    it('reports the start and success of a refresh, and how many requests wait for it', () => {
      virtually(({ cold, flush }) => {
        const refresh = cold<TokenGrant>('-----(g|)', { g: { accessToken: 'T2' } });
        const { api } = createVirtualClient({ signal, refresh: () => refresh });
        const events = eventsOf(api);
        cold('a--(bc)', { a: '/a', b: '/b', c: '/c' }).subscribe((path) => outcomeOf(api.get$(path)));
        flush();
        const reported = { type: 'refresh', refreshId: 1, generation: 1 };
        expect(refreshesIn(events)).toEqual([
          { ...reported, phase: 'started', waiting: 1, atMs: 0 },
          { ...reported, phase: 'succeeded', waiting: 3, atMs: 5 },
        ]);
      });
    });

    it.each(ANSWERS)('reports why a refresh has failed: %s', async (_, reply, failure) => {
      const { api } = createExpiredClient(server);
      server.refreshReply = reply;
      const events = eventsOf(api);
      await errorOf(api.get$('/orders'));
      const reported = { type: 'refresh', refreshId: 1, generation: 1, waiting: 1, atMs: expect.any(Number) };
      expect(refreshesIn(events)).toEqual([
        { ...reported, phase: 'started' },
        { ...reported, phase: 'failed', ...failure },
      ]);
    });

    it.each([
      ['refreshTimeoutMs', { refreshTimeoutMs: 20 }, 0],
      ['its own request', {}, 20],
    ] as const)('reports that a refresh took too long, by %s', async (_, options, timeoutMs) => {
      const http = createApi({ baseUrl: server.origin, timeoutMs });
      const { api } = createExpiredClient(server, { ...options, refresh: () => http.post$<TokenGrant>(REFRESH, {}) });
      server.refreshReply = 'never';
      const events = eventsOf(api);
      await errorOf(api.get$('/orders'));
      expect(refreshesIn(events)[1]).toMatchObject({ phase: 'failed', kind: 'timeout', final: false });
    });

    it('reports a refusal inside an envelope', async () => {
      const http = createApi({ baseUrl: server.origin, interceptors: [envelope()] });
      const { api } = createExpiredClient(server, { refresh: () => http.post$<TokenGrant>(REFRESH, {}) });
      server.refreshReply = json({ code: 1002 });
      const events = eventsOf(api);
      await errorOf(api.get$('/orders'));
      expect(refreshesIn(events)[1]).toMatchObject({ phase: 'failed', kind: 'business', status: 200, final: true });
    });

    it('reports the end of a session in order: the refresh, the session, its requests', () => {
      const { api } = createVirtualClient({
        signal,
        isRefused: () => true,
        refresh: () => throwError(() => new Error()),
      });
      const events = eventsOf(api);
      outcomeOf(api.get$('/a'));
      expect(events.map(describeEvent)).toEqual([
        'request 1 queued, attempt 0',
        'request 1 sent, attempt 1, generation 1',
        'request 1 token-expired, attempt 1, generation 1',
        'request 1 waiting, attempt 1, generation 1, refresh 1',
        'refresh 1 started, generation 1, waiting 1',
        'refresh 1 failed, generation 1, waiting 1, kind unknown, final true',
        'session session-expired, generation 2',
        'request 1 settled, attempt 1, generation 1, error session-expired',
      ]);
    });

    it('reports a failed refresh ahead of expiry, which no caller sees', () => {
      virtually(({ cold, flush }) => {
        const { api } = createVirtualClient({
          signal,
          grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 20 },
          isDead: () => false,
          refresh: () => throwError(() => new Error()),
        });
        const events = eventsOf(api);
        cold('10ms a').subscribe(() => outcomeOf(api.get$('/a')));
        flush();
        expect(events.map(describeEvent)).toEqual([
          'request 1 queued, attempt 0',
          'refresh 1 started, generation 1, waiting 0',
          'refresh 1 failed, generation 1, waiting 0, kind unknown, final false',
          'request 1 sent, attempt 1, generation 1',
          'request 1 settled, attempt 1, generation 1, status 200',
        ]);
        expect(events.map(({ atMs }) => atMs)).toEqual(Array(5).fill(10));
      });
    });

    it('reports when a session begins, ends, and adopts external tokens', () => {
      const store = createQuietStore({ accessToken: 'T1', refreshToken: 'R1' });
      const { api, session } = createVirtualClient({ signal, store });
      const events = eventsOf(api);
      store.save({ accessToken: 'T2', sessionId: Object(store.load()).sessionId });
      outcomeOf(session.refresh$());
      session.signOut();
      session.signIn({ accessToken: 'B1' });
      session.destroy();
      expect(events.map(describeEvent)).toEqual([
        'refresh 1 started, generation 1, waiting 1',
        'refresh 1 succeeded, generation 1, waiting 1',
        'session adopted, generation 2',
        'session signed-out, generation 3',
        'session signed-in, generation 4',
        'session signed-out, generation 5',
      ]);
    });

    it.each<[string, NonNullable<SessionOptions['restore']>, string[]]>([
      ['succeeds', () => of({ accessToken: 'T2' }), ['refresh 1 started', 'refresh 1 succeeded']],
      ['fails', () => throwError(() => new Error()), ['refresh 1 started', 'refresh 1 failed']],
    ])('reports a restore that %s like a refresh', (_, restore, reported) => {
      const { api } = createVirtualClient({ signal, store: memoryStore(), restore });
      const events = eventsOf(api);
      outcomeOf(api.get$('/a'));
      expect(refreshesIn(events).map(({ refreshId, phase }) => `refresh ${refreshId} ${phase}`)).toEqual(reported);
    });

    it('warns of a throwing onSessionExpired, and of a throwing store', () => {
      const fail = () => {
        throw new RangeError();
      };
      const { api } = createVirtualClient({
        signal,
        store: { ...memoryStore({ accessToken: 'T1' }), clear: fail },
        isRefused: () => true,
        refresh: () => throwError(() => new Error()),
        onSessionExpired: fail,
      });
      const events = eventsOf(api);
      outcomeOf(api.get$('/a'));
      expect(warningsIn(events)).toEqual(['write: RangeError', 'onSessionExpired: RangeError']);
    });
  },
);
