import type { SessionOptions } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { json, REFRESH, type Reply } from '../../support/server';
import { createExpiredClient, paths, settleAll, type TestClient } from '../../support/server-client';
import { withServer } from '../../support/with-server';

const fail = (): never => {
  throw new RangeError();
};
const broken = { load: () => null, save: fail, clear: fail };

interface Story {
  readonly reply?: Reply;
  readonly options?: Partial<SessionOptions>;
  readonly act?: (client: TestClient) => unknown;
}

/** Events that a chatty library would log. */
const STORIES: Readonly<Record<string, Story>> = {
  'is refreshed': {},
  'fails to refresh': { reply: { status: 503 } },
  'gets a malformed grant': { reply: { body: '<h1>' } },
  'gets no response': { reply: 'never', act: () => vi.advanceTimersByTime(30_000) },
  'is refused, with an onSessionExpired that throws': { reply: json({}, 400), options: { onSessionExpired: fail } },
  'is signed out': { act: ({ session }) => session.signOut() },
  'is destroyed': { act: ({ session }) => session.destroy() },
};

failureMode(
  {
    id: 'O5',
    title: 'A library that writes to the console',
    renewal: 'It writes nothing anywhere: `events$` reports to its subscribers.',
    threads: ['supabase/supabase-js#2214', 'supabase/supabase-js#2559'],
  },
  (signal) => {
    const server = withServer(signal);

    /** Captures every output, until the end of the test. */
    const listen = (): readonly unknown[] => {
      const written: unknown[] = [];
      const note = (...what: unknown[]) => {
        written.push(what);
        return true;
      };
      for (const name of Object.keys(console) as (keyof Console)[]) {
        if (typeof console[name] === 'function') vi.spyOn(console, name as 'log').mockImplementation(note);
      }
      for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, 'write').mockImplementation(note);
      process.on('warning', note);
      onTestFinished(() => {
        vi.restoreAllMocks();
        process.off('warning', note);
      });
      return written;
    };

    it.each(Object.entries(STORIES))(
      'writes nothing while a session of 50 requests %s',
      async (_, { reply, options, act }) => {
        stopClock();
        const written = listen();
        const client = createExpiredClient(server, options);
        server.refreshReply = reply;
        const dead = server.hold(({ token }) => token === 'a.access.1');
        const refresh = server.hold(({ path }) => path === REFRESH);
        const results = settleAll(paths(50).map((path) => client.api.get$(path)));
        await dead.arrived(50);
        dead.open();
        await refresh.arrived(1);
        await act?.(client);
        refresh.open();
        await results;
        expect(server.refreshes).toBe(1);
        expect(written).toEqual([]);
      },
    );

    it('writes nothing about a store that throws', async () => {
      const written = listen();
      const { api, session } = createExpiredClient(server, { store: broken });
      await session.signIn(server.issue('b'));
      server.live.clear();
      await lastValueFrom(api.get$('/orders'));
      await session.signOut();
      expect(written).toEqual([]);
    });

    it('detects an output', () => {
      const written = listen();
      console.debug(1);
      process.stderr.write('2');
      expect(written).toEqual([[1], ['2']]);
    });
  },
);
