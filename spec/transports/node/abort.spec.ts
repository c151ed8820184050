import { getEventListeners } from 'node:events';
import { Agent } from 'node:http';
import { type Api, ajaxTransport, createApi, createSession, fetchTransport, memoryStore } from 'renewal';
import { NEVER } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Barrier, createBarrier } from '../../support/barrier';
import { endOf } from '../../support/node-client';
import { answerText, startTcpServer, type TcpServer } from '../../support/tcp-server';

const REASON = new Error('no longer needed');
const MAX_CLOSE_MS = 50;

let server: TcpServer;
let agent: Agent;
let arrived: Barrier;
let controller: AbortController;

beforeEach(async () => {
  server = await startTcpServer();
  agent = new Agent();
  arrived = createBarrier();
  controller = new AbortController();
  server.act = () => arrived.open();
});

afterEach(async () => {
  agent.destroy();
  await server.close();
});

const transports = [
  ['ajaxTransport', () => ajaxTransport({ agents: { http: agent } })],
  ['fetchTransport', () => fetchTransport()],
] as const;

describe.each(transports)('a signal that is aborted, over %s', (_, createTransport) => {
  let api: Api;
  let end: Promise<unknown>;

  beforeEach(() => {
    api = createApi({ baseUrl: server.origin, transport: createTransport() });
  });

  /** Aborts; the request ends with the reason, its socket closes in time, and the signal has no listener. */
  const expectClosed = async (): Promise<void> => {
    // Undici opens a spare connection afterwards: only those of now count.
    const closed = Array.from(server.connections, (socket) => {
      const barrier = createBarrier();
      socket.once('close', barrier.open);
      return barrier.opened;
    });
    const startedAtMs = performance.now();
    controller.abort(REASON);
    await Promise.all(closed);
    expect(performance.now() - startedAtMs).toBeLessThan(MAX_CLOSE_MS);
    expect(await end).toBe(REASON);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  };

  it('beforehand: no connection is opened', async () => {
    controller.abort(REASON);
    expect(await endOf(api.get$('/a', { signal: controller.signal }))).toBe(REASON);
    expect([server.opened, getEventListeners(controller.signal, 'abort')]).toEqual([0, []]);
  });

  it('in the wait for a refresh: the second attempt is not sent', async () => {
    const refreshing = createBarrier();
    const session = createSession({
      store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
      refresh: () => {
        refreshing.open();
        return NEVER;
      },
    });
    server.act = (socket) => void socket.end(answerText('{}', { connection: 'close' }, '401 Unauthorized'));
    end = endOf(api.extend({ session }).get$('/a', { signal: controller.signal }));
    await refreshing.opened;
    await expectClosed();
    expect(server.heads).toHaveLength(1);
    session.destroy();
  });

  it('before the response', async () => {
    end = endOf(api.get$('/a', { signal: controller.signal }));
    await arrived.opened;
    await expectClosed();
  });

  it('in the upload', async () => {
    const cancelled = createBarrier();
    const body = new ReadableStream({
      start: (stream) => stream.enqueue(new Uint8Array(9)),
      cancel: () => cancelled.open(),
    });
    end = endOf(api.post$('/a', body, { signal: controller.signal }));
    await arrived.opened;
    await expectClosed();
    await cancelled.opened;
  });

  it('in the download', async () => {
    server.act = (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[1', arrived.open);
    end = endOf(api.get$('/a', { signal: controller.signal }));
    await arrived.opened;
    await expectClosed();
  });
});
