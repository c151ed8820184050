import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { createShop } from '../examples/shop/server';
import { createTally } from './support/barrier';
import { createCertificate } from './support/certificate';
import { startHttpServer } from './support/http-server';
import { SIGNALS, startServer } from './support/server';
import { openDoor } from './support/shop-tabs';
import { startTcpServer } from './support/tcp-server';
import { startContractServer } from './transports/contract/server';

/** A server that answers no request. */
interface Silent {
  readonly origin: string;
  /** Resolves once the first request is there. */
  arrived(): Promise<unknown>;
  close(): Promise<void>;
}

const get = 'GET /never?id=1 HTTP/1.1\r\nhost: test\r\n\r\n';

/** Every kind of server that a spec starts. */
const SERVERS: Readonly<Record<string, () => Promise<Silent>>> = {
  startServer: async () => {
    const { origin, hold, close } = await startServer();
    const gate = hold(() => true);
    return { origin, close, arrived: () => gate.arrived(1) };
  },
  startHttpServer: async () => {
    const server = await startHttpServer();
    const requests = createTally();
    server.answer = () => requests.add();
    return { origin: server.origin, close: server.close, arrived: () => requests.reached(1) };
  },
  startTcpServer: async () => {
    const server = await startTcpServer();
    const requests = createTally();
    server.act = () => requests.add();
    return { origin: server.origin, close: server.close, arrived: () => requests.reached(1) };
  },
  startContractServer: async () => {
    const { origins, close } = await startContractServer();
    // By its address: the system need not know its name.
    const origin = `http://127.0.0.1:${origins.port}`;
    return { origin, close, arrived: () => fetch(`${origin}/watch?of=1&until=arrived`) };
  },
  createShop: async () => {
    const requests = createTally();
    const latencyMs = () => {
      requests.add();
      return 3_600_000;
    };
    const shop = createShop({ latencyMs });
    return { origin: await shop.listen(), close: shop.close, arrived: () => requests.reached(1) };
  },
  openDoor: async () => {
    const { origin, hold, close } = await openDoor('', SIGNALS[0]);
    const gate = hold('in', () => true);
    return { origin, close, arrived: () => gate.arrived(1) };
  },
};

const clients = new Set<Socket>();

afterEach(() => {
  for (const client of clients) client.destroy();
  clients.clear();
});

/** Opens a connection and writes `head` to it. */
const open = async (origin: string, head: string): Promise<{ readonly closed: Promise<unknown> }> => {
  const client = connect(Number(new URL(origin).port), '127.0.0.1');
  clients.add(client);
  await once(client, 'connect');
  client.write(head);
  return { closed: text(client).catch(() => '') };
};

describe.each(Object.entries(SERVERS))('%s', (_, start) => {
  it('closes while a request waits for its response', async () => {
    const { origin, arrived, close } = await start();
    const { closed } = await open(origin, get);
    await arrived();
    await close();
    expect(await closed).not.toContain('HTTP/1.1');
  });

  it('closes with connections that have sent nothing, or half of a request', async () => {
    const { origin, close } = await start();
    const connections = await Promise.all([open(origin, ''), open(origin, get.slice(0, -2))]);
    await close();
    for (const { closed } of connections) expect(await closed).not.toContain('HTTP/1.1');
  });
});

it('a server with TLS closes with a connection that has not finished its handshake', async () => {
  const { origin, close } = await startHttpServer(createCertificate('127.0.0.1'));
  const { closed } = await open(origin, '');
  await close();
  expect(await closed).toBe('');
});
