import { globalAgent } from 'node:http';
import type { Socket } from 'node:net';
import type { Session, SessionOptions } from 'renewal';
import { lastValueFrom, map, NEVER, type Observable, of, Subject, Subscription, throwError } from 'rxjs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installPage } from '../../support/page';
import { createQuietStore } from '../../support/quiet-store';
import { REFRESH, startServer, type TestServer } from '../../support/server';
import { createClient, createExpiredClient, errorOf, paths, settleAll } from '../../support/server-client';
import { watchSubjects } from '../../support/subjects';
import { createVirtualClient } from '../../support/virtual';

const MANY = 10_000;

interface Story {
  readonly options?: Partial<SessionOptions>;
  /** Runs once all requests wait. */
  readonly end?: (session: Session, requests: Subscription) => unknown;
}

/** The outcomes of requests with an expired response. */
const STORIES: Readonly<Record<string, Story>> = {
  'are replayed': { options: { refresh: () => of({ accessToken: 'T2' }) } },
  'are replayed in turn': { options: { refresh: () => of({ accessToken: 'T2' }), releaseConcurrency: 7 } },
  'fail with their refresh': { options: { refresh: () => throwError(() => new Error()) } },
  'end with the session': { options: { refresh: () => throwError(() => new Error()), isRefused: () => true } },
  'end by a sign-out': { end: (session) => session.signOut() },
  "end by another user's sign-in": { end: (session) => session.signIn({ accessToken: 'B1' }) },
  'end by destroy()': { end: (session) => session.destroy() },
  'are unsubscribed, with a refresh that times out later': {
    end: (_session, requests) => {
      requests.unsubscribe();
      vi.advanceTimersByTime(30_000);
    },
  },
};

/** The connections of this process to the server that are still busy, opening or closing. */
const inFlight = ({ origin }: TestServer): readonly Socket[] =>
  Object.entries(globalAgent.sockets).flatMap(([name, sockets = []]) =>
    name.includes(`:${new URL(origin).port}:`) ? sockets : [],
  );

/** Resolves when they are closed: they must not wait for anything else. */
const closing = (sockets: readonly Socket[]): Promise<unknown> =>
  Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))));

const holdRefresh = (server: TestServer) => server.hold(({ path }) => path === REFRESH);

/** All outcomes of requests on the wire and of their refresh. */
const ENDS: Readonly<Record<string, (server: TestServer) => Promise<unknown>>> = {
  'a storm with a refresh': (server) => {
    const { api } = createExpiredClient(server);
    return settleAll(paths(50).map((path) => api.get$(path)));
  },
  'a refresh that fails': (server) => {
    server.refreshReply = { status: 503 };
    const { api } = createExpiredClient(server);
    return settleAll(paths(50).map((path) => api.get$(path)));
  },
  'a refresh that is reset in the middle of its response': (server) => {
    server.refreshReply = 'reset mid-body';
    return errorOf(createExpiredClient(server).api.get$('/orders'));
  },
  'a refresh that never responds': (server) => {
    server.refreshReply = 'never';
    return errorOf(createExpiredClient(server, { refreshTimeoutMs: 20 }).api.get$('/orders'));
  },
  'a refresh after all requests were unsubscribed': async (server) => {
    const refresh = holdRefresh(server);
    const { api, received } = createExpiredClient(server);
    const request = api.get$('/orders').subscribe();
    await refresh.arrived(1);
    request.unsubscribe();
    refresh.open();
    await received(REFRESH);
  },
  'a refresh that a sign-out ends': async (server) => {
    const refresh = holdRefresh(server);
    const { api, session } = createExpiredClient(server);
    const result = errorOf(api.get$('/orders'));
    await refresh.arrived(1);
    await Promise.all([session.signOut(), result]);
  },
  'a refresh that destroy() ends': async (server) => {
    const refresh = holdRefresh(server);
    const { api, session } = createExpiredClient(server);
    const result = errorOf(api.get$('/orders'));
    await refresh.arrived(1);
    session.destroy();
    await result;
  },
  'requests that are unsubscribed on the wire': async (server) => {
    const slow = server.hold(() => true);
    const { api } = createClient(server);
    const requests = paths(20).map((path) => api.get$(path).subscribe());
    await slow.arrived(20);
    for (const request of requests) request.unsubscribe();
  },
  'requests that are unsubscribed in the tick of their creation': async (server) => {
    const { api } = createClient(server);
    for (const path of paths(20)) api.get$(path).subscribe().unsubscribe();
  },
  'a request that times out': (server) => {
    server.replies.set('/never', 'never');
    return errorOf(createClient(server).api.get$('/never', { timeoutMs: 20 }));
  },
};

failureMode(
  {
    id: 'N15',
    title: 'Subscribers, timers and connections that stay behind',
    renewal:
      'Once requests have settled, nothing of them is left: no observer of a subject, no timer, no listener, no connection.',
  },
  (signal) => {
    it.each(Object.entries(STORIES))(
      `leaves nothing of ${MANY} requests that %s`,
      { timeout: 30_000 },
      (_, { options, end }) => {
        vi.useFakeTimers();
        onTestFinished(() => {
          vi.useRealTimers();
        });
        const page = installPage();
        const listening = watchSubjects();
        const wire = new Subject<void>();
        const { api, session } = createVirtualClient({
          signal,
          // The session would follow another one until it is destroyed.
          store: createQuietStore({ accessToken: 'T1', refreshToken: 'R1' }),
          refresh: () => NEVER,
          ...options,
          respond: (_request, answer) => wire.pipe(map(() => answer)),
        });
        const watching = new Subscription();
        const streams: Observable<unknown>[] = [session.state$, session.keepFresh$(), api.events$];
        for (const stream$ of streams) watching.add(stream$.subscribe());
        let settled = 0;
        const requests = new Subscription();
        for (let each = 0; each < MANY; each++) {
          const settle = () => settled++;
          requests.add(api.get$('/a', { timeoutMs: 1_000 }).subscribe({ error: settle, complete: settle }));
        }
        expect(listening()).toBeGreaterThan(1);
        expect(vi.getTimerCount()).toBe(MANY);
        expect(page.listeners).toBeGreaterThan(0);

        wire.next();
        end?.(session, requests);
        while (wire.observed) wire.next();
        watching.unsubscribe();
        expect(settled).toBe(requests.closed ? 0 : MANY);
        expect(listening()).toBe(0);
        expect(vi.getTimerCount()).toBe(0);
        // After a transient failure the session itself listens for the network.
        if (Object(session.state).error) session.destroy();
        expect(page.listeners).toBe(0);
      },
    );

    it.each(Object.entries(ENDS))('leaves no connection of %s', async (_, end) => {
      const server = await startServer(signal);
      onTestFinished(() => server.close());
      await end(server);
      await server.quiet();
      await closing(inFlight(server));
      expect(inFlight(server)).toEqual([]);
    });

    it('detects an open connection: a server is not quiet while a request waits', async () => {
      const [server, elsewhere] = await Promise.all([startServer(signal), startServer(signal)]);
      onTestFinished(() => server.close());
      const slow = server.hold(() => true);
      const { api } = createClient(server);
      const request = api.get$('/slow').subscribe();
      await slow.arrived(1);
      const steps: string[] = [];
      const quiet = server.quiet().then(() => steps.push('quiet'));
      expect(await lastValueFrom(createClient(elsewhere).api.get$('/orders'))).toMatchObject({ nth: 1 });
      expect(inFlight(server)).toHaveLength(1);
      steps.push('unsubscribed');
      request.unsubscribe();

      await Promise.all([quiet, elsewhere.close()]);
      await closing(inFlight(server));
      expect(steps).toEqual(['unsubscribed', 'quiet']);
      expect(inFlight(server)).toEqual([]);
    });
  },
);
