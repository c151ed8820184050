import '@angular/compiler';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json, REFRESH, SIGNALS, startServer, type TestServer } from '../support/server';
import { paths } from '../support/server-client';
import { createExpiredClient, outcomeOf, WAYS } from './support/clients';

const T1 = 'a.access.1';
const T2 = 'a.access.2';

describe.each(SIGNALS)('a session whose server responds with %s', (signal) => {
  describe.each(WAYS)('by %s', (_name, make) => {
    let server: TestServer;
    let other: TestServer;

    beforeEach(async () => {
      server = await startServer(signal);
      other = await startServer(signal);
    });
    afterEach(() => Promise.all([server.close(), other.close()]));

    it('refreshes once for a storm, and sends each request exactly twice', async () => {
      const { send: ask } = createExpiredClient(make, server);
      const dead = server.hold(({ token }) => token === T1);
      const fates = Promise.all(paths(20).map((path) => outcomeOf(ask(path))));
      await dead.arrived(20);
      dead.open();
      expect(await fates).toEqual(paths(20).map((path) => ({ status: 200, body: { path, by: T2, nth: 2 } })));
      expect(server.presented).toEqual(['a.refresh.1']);
      for (const path of paths(20)) expect(server.tokensOf(path)).toEqual([T1, T2]);
    });

    it('holds a request that is made during a refresh, and sends it once', async () => {
      const { send: ask } = createExpiredClient(make, server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const leader = outcomeOf(ask('/leader'));
      await refresh.arrived(1);
      const held = Promise.all(paths(5).map((path) => outcomeOf(ask(path))));
      refresh.open();
      expect(await leader).toMatchObject({ body: { by: T2 } });
      expect(await held).toMatchObject(Array(5).fill({ body: { by: T2, nth: 1 } }));
      expect(server.refreshes).toBe(1);
    });

    it('replays a request with a late expired response, without another refresh', async () => {
      const { send: ask } = createExpiredClient(make, server);
      const late = server.hold(({ path, token }) => path === '/late' && token === T1);
      const fate = outcomeOf(ask('/late'));
      await late.arrived(1);
      expect(await outcomeOf(ask('/early'))).toMatchObject({ body: { by: T2 } });
      late.open();
      expect(await fate).toMatchObject({ body: { by: T2, nth: 2 } });
      expect(server.refreshes).toBe(1);
    });

    it('ends the session and all waiting requests when the refresh is refused', async () => {
      let expirations = 0;
      const { send: ask, session } = createExpiredClient(make, server, { onSessionExpired: () => expirations++ });
      server.refreshReply = json({ error: 'invalid_grant' }, 400);
      const dead = server.hold(({ token }) => token === T1);
      const fates = Promise.all(paths(5).map((path) => outcomeOf(ask(path))));
      await dead.arrived(5);
      dead.open();
      expect(await fates).toEqual(Array(5).fill({ error: 'session-expired' }));
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
      expect([server.refreshes, expirations]).toEqual([1, 1]);
    });

    it.each([
      ['an error of the server', { status: 503 }],
      ['a broken connection', 'reset'],
    ] as const)('keeps the session when the refresh fails by %s, and starts a cool-down', async (_what, reply) => {
      const { send: ask, session } = createExpiredClient(make, server);
      server.refreshReply = reply;
      expect(await outcomeOf(ask('/first'))).toEqual({ error: 'refresh' });
      expect(await outcomeOf(ask('/second'))).toEqual({ error: 'refresh' });
      expect(session.state).toMatchObject({ status: 'expired', tokens: { refreshToken: 'a.refresh.1' } });
      expect([server.refreshes, server.hitsOf('/second').length]).toEqual([1, 0]);
    });

    it('ends all waiting requests when the user signs out, and sends none', async () => {
      const { send: ask, session } = createExpiredClient(make, server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const leader = outcomeOf(ask('/leader'));
      await refresh.arrived(1);
      const waiter = outcomeOf(ask('/waiter'));
      await session.signOut();
      expect(await Promise.all([leader, waiter])).toEqual(Array(2).fill({ error: 'signed-out' }));
      await server.aborted(REFRESH);
      refresh.open();
      expect(server.hitsOf('/waiter')).toEqual([]);
      expect(session.state.status).toBe('signed-out');
    });

    it.each(['json', 'text', 'blob', 'arraybuffer'] as const)(
      'finds the expired response to a request for %s, and hides it',
      async (responseType) => {
        const { send: ask } = createExpiredClient(make, server);
        const shown: unknown[] = [];
        await new Promise<void>((complete) => {
          ask('/download', { responseType }).subscribe({ next: (answer) => shown.push(answer), complete });
        });
        expect(shown).toHaveLength(1);
        const { body } = Object(shown[0]);
        const text = responseType === 'json' ? JSON.stringify(body) : await new Response(body).text();
        expect(JSON.parse(text)).toEqual({ path: '/download', by: T2, nth: 2 });
        expect(server.refreshes).toBe(1);
      },
    );

    it('uploads the same bytes twice, even if the caller changes them', async () => {
      const { send: ask } = createExpiredClient(make, server);
      const dead = server.hold(({ token }) => token === T1);
      const draft = { item: 'engine', tags: ['a', 'é'] };
      const bytes = new Uint8Array([0, 128, 255]);
      const blob = new Blob([bytes]);
      const uploads = Promise.all(
        [draft, bytes.buffer, blob].map((body, index) => outcomeOf(ask(`/upload/${index}`, { method: 'POST', body }))),
      );
      await dead.arrived(3);
      draft.tags.push('later');
      bytes.fill(7);
      dead.open();
      expect(await uploads).toMatchObject(Array(3).fill({ status: 200, body: { by: T2 } }));
      const bodies = [0, 1, 2].map((index) => server.hitsOf(`/upload/${index}`).map(({ body }) => [...body]));
      const json = [...Buffer.from('{"item":"engine","tags":["a","é"]}')];
      expect(bodies).toEqual([
        [json, json],
        [
          [0, 128, 255],
          [0, 128, 255],
        ],
        [
          [0, 128, 255],
          [0, 128, 255],
        ],
      ]);
    });

    it('sends no token and refreshes nothing for a request that opts out', async () => {
      const { send: ask, session } = createExpiredClient(make, server);
      const fate = await outcomeOf(ask('/public', { auth: false }));
      expect(fate).toEqual(
        signal === 'HTTP 401'
          ? { error: 'status', status: 401 }
          : { status: 200, body: { code: 1002, path: '/public', by: '', nth: 1 } },
      );
      expect(server.tokensOf('/public')).toEqual(['']);
      expect([server.refreshes, session.state.status]).toEqual([0, 'active']);
    });

    it('sends no token to another origin, and ignores its expired responses', async () => {
      const { send: ask } = createExpiredClient(make, server);
      await outcomeOf(ask(`${other.origin}/elsewhere`));
      expect(other.tokensOf('/elsewhere')).toEqual(['']);
      expect([server.refreshes, other.refreshes]).toEqual([0, 0]);
    });

    it('passes all other failures to the caller', async () => {
      const { send: ask, session } = createExpiredClient(make, server);
      server.replies.set('/missing', json({ error: 'none' }, 404));
      expect(await outcomeOf(ask('/missing'))).toEqual({ error: 'status', status: 404 });
      expect([server.refreshes, session.state.status]).toEqual([0, 'active']);
    });

    it('errors with token-rejected if the server rejects a fresh token', async () => {
      const { send: ask } = createExpiredClient(make, server);
      server.closedTo.add('/closed');
      expect(await outcomeOf(ask('/closed'))).toEqual({ error: 'token-rejected' });
      expect(server.tokensOf('/closed')).toEqual([T1, T2]);
      expect(await outcomeOf(ask('/open'))).toMatchObject({ status: 200 });
      expect(server.refreshes).toBe(1);
    });

    it('never sends a waiting request after its unsubscribe', async () => {
      const { send: ask } = createExpiredClient(make, server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const leader = outcomeOf(ask('/leader'));
      await refresh.arrived(1);
      ask('/given-up').subscribe().unsubscribe();
      refresh.open();
      await leader;
      expect(server.hitsOf('/given-up')).toEqual([]);
    });
  });
});
