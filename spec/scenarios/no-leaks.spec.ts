import { globalAgent } from 'node:http';
import type { Socket } from 'node:net';
import { lastValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { REFRESH, SIGNALS, startServer, type TestServer } from '../support/server';
import { createClient, createExpiredClient, errorOf, paths, settleAll } from '../support/server-client';

/** The connections of this process to the server that still wait for an answer, or to be opened or closed. */
const inFlight = ({ origin }: TestServer): readonly Socket[] =>
  Object.entries(globalAgent.sockets).flatMap(([name, sockets = []]) =>
    name.includes(`:${new URL(origin).port}:`) ? sockets : [],
  );

/** Resolves when they are closed: none of them may wait for anything else. */
const closing = (sockets: readonly Socket[]): Promise<unknown> =>
  Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))));

/** Everything that can become of requests and their refresh. */
const ENDS: Readonly<Record<string, (server: TestServer) => Promise<unknown>>> = {
  'a storm that is renewed': (server) => {
    const { api } = createExpiredClient(server);
    return settleAll(paths(50).map((path) => api.get$(path)));
  },
  'a refresh that fails': (server) => {
    server.refreshReply = { status: 503 };
    const { api } = createExpiredClient(server);
    return settleAll(paths(50).map((path) => api.get$(path)));
  },
  'a refresh that is reset in the middle of its answer': (server) => {
    server.refreshReply = 'reset mid-body';
    return errorOf(createExpiredClient(server).api.get$('/orders'));
  },
  'a refresh that never answers': (server) => {
    server.refreshReply = 'never';
    return errorOf(createExpiredClient(server, { refreshTimeoutMs: 20 }).api.get$('/orders'));
  },
  'a refresh that all have left': async (server) => {
    const refresh = server.hold(({ path }) => path === REFRESH);
    const { api, answered } = createExpiredClient(server);
    const request = api.get$('/orders').subscribe();
    await refresh.arrived(1);
    request.unsubscribe();
    refresh.open();
    await answered(REFRESH);
  },
  'a refresh that a sign-out ends': async (server) => {
    const refresh = server.hold(({ path }) => path === REFRESH);
    const { api, session } = createExpiredClient(server);
    const fate = errorOf(api.get$('/orders'));
    await refresh.arrived(1);
    await Promise.all([session.signOut(), fate]);
  },
  'a refresh that destroy() ends': async (server) => {
    const refresh = server.hold(({ path }) => path === REFRESH);
    const { api, session } = createExpiredClient(server);
    const fate = errorOf(api.get$('/orders'));
    await refresh.arrived(1);
    session.destroy();
    await fate;
  },
  'requests that are unsubscribed on the wire': async (server) => {
    const slow = server.hold(() => true);
    const { api } = createClient(server);
    const requests = paths(20).map((path) => api.get$(path).subscribe());
    await slow.arrived(20);
    for (const request of requests) request.unsubscribe();
  },
  'requests that are unsubscribed in the tick they were made': async (server) => {
    const { api } = createClient(server);
    for (const path of paths(20)) api.get$(path).subscribe().unsubscribe();
  },
  'a request that times out': (server) => {
    server.replies.set('/never', 'never');
    return errorOf(createClient(server).api.get$('/never', { timeoutMs: 20 }));
  },
};

describe.each(SIGNALS)('after it is over, by %s,', (signal) => {
  it.each(Object.entries(ENDS))('no connection is left of %s', async (_, end) => {
    const server = await startServer(signal);
    await end(server);
    await server.close();
    await closing(inFlight(server));
    expect(inFlight(server)).toEqual([]);
  });

  it('a server that still has someone waiting does not close', async () => {
    const [server, elsewhere] = await Promise.all([startServer(signal), startServer(signal)]);
    const slow = server.hold(() => true);
    const { api } = createClient(server);
    const request = api.get$('/slow').subscribe();
    await slow.arrived(1);
    const steps: string[] = [];
    const closed = server.close().then(() => steps.push('closed'));
    expect(await lastValueFrom(createClient(elsewhere).api.get$('/orders'))).toMatchObject({ nth: 1 });
    expect(inFlight(server)).toHaveLength(1);
    steps.push('unsubscribed');
    request.unsubscribe();

    await Promise.all([closed, elsewhere.close()]);
    await closing(inFlight(server));
    expect(steps).toEqual(['unsubscribed', 'closed']);
    expect(inFlight(server)).toEqual([]);
  });
});
