import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { HttpEvent } from 'renewal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Barrier, createBarrier } from '../../support/barrier';
import { createNodeClient, endOf, type NodeClient } from '../../support/node-client';
import { answerText, startTcpServer, type TcpServer } from '../../support/tcp-server';

let server: TcpServer;
let client: NodeClient;
let arrived: Barrier;

beforeEach(async () => {
  server = await startTcpServer();
  client = createNodeClient(server.origin);
  arrived = createBarrier();
  server.act = () => arrived.open();
});

afterEach(async () => {
  client.agent.destroy();
  await server.close();
});

/** Nothing is in use any more, on either side. */
const isOver = async (): Promise<void> => {
  await client.released();
  client.agent.destroy();
  await server.quiet();
};

const HEADERS = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

describe('unsubscribing releases everything', () => {
  const fates: unknown[] = [];
  const caller = {
    next: () => {},
    error: (error: unknown) => fates.push(error),
    complete: () => fates.push('complete'),
  };

  beforeEach(() => {
    fates.length = 0;
  });

  afterEach(() => {
    expect(fates).toEqual([]);
  });

  it('while a name is being looked up', async () => {
    let answer = (..._: [null, string, 4]): void => {};
    const asked = createBarrier();
    client = createNodeClient('http://shop.invalid', {
      agent: new Agent({
        lookup: (_host, _options, callback) => {
          answer = callback as typeof answer; // of the two kinds of callback the one for a single address
          asked.open();
        },
      }),
    });
    const subscription = client.api.get$('/a').subscribe(caller);
    await asked.opened;
    subscription.unsubscribe();
    answer(null, '127.0.0.1', 4);
    await isOver();
    expect(server.opened).toBe(0);
  });

  it('while it connects', async () => {
    client.api.get$('/a').subscribe(caller).unsubscribe();
    await isOver();
    expect(server.heads).toEqual([]);
  });

  it('while it waits for a connection', async () => {
    client.agent.maxSockets = 1;
    const first = client.api.get$('/first').subscribe();
    await arrived.opened;
    const subscription = client.api.get$('/second').subscribe(caller);
    await setImmediate();
    expect(client.held()).toMatchObject({ queued: 1 });
    subscription.unsubscribe();
    expect(client.held()).toMatchObject({ queued: 0 });
    first.unsubscribe();
    await isOver();
    expect(server.heads).toHaveLength(1);
  });

  it('while it waits for a connection, of which none is left then', async () => {
    client.agent.maxSockets = 1;
    const first = client.api.get$('/first').subscribe();
    await arrived.opened;
    client.api.get$('/second').subscribe(caller).unsubscribe();
    first.unsubscribe();
    await isOver();
    expect(client.agent.requests).toEqual({});
    server.act = (socket) => void socket.write(answerText('1'));
    expect(await endOf(client.api.get$('/third'))).toEqual({ value: 1 });
  });

  it('before the answer', async () => {
    const subscription = client.api.get$('/a').subscribe(caller);
    await arrived.opened;
    subscription.unsubscribe();
    await isOver();
  });

  it.each([
    ['in the headers', `${HEADERS}content-le`],
    ['in the body', `${HEADERS}content-length: 9\r\n\r\n[1`],
    ['in a chunk', `${HEADERS}transfer-encoding: chunked\r\n\r\n9\r\n[1`],
    ['in a redirect', 'HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-length: 9\r\n\r\n[1'],
  ])('%s', async (_, sent) => {
    server.act = (socket) => void socket.write(sent, arrived.open);
    const subscription = client.api.get$('/a').subscribe(caller);
    await arrived.opened;
    await setImmediate();
    subscription.unsubscribe();
    await isOver();
    expect(server.heads).toHaveLength(1);
  });

  it('after a redirect', async () => {
    server.act = (socket, head) => {
      if (/ \/b /.test(head)) arrived.open();
      else socket.write(answerText('', { location: '/b' }, '302 Found'));
    };
    const subscription = client.api.get$('/a').subscribe(caller);
    await arrived.opened;
    subscription.unsubscribe();
    await isOver();
  });

  it('while bytes are on their way', async () => {
    server.greet = (socket) => socket.pause();
    const sent = createBarrier();
    const events: HttpEvent[] = [];
    const upload$ = client.api.request$('POST', '/a', { body: new Uint8Array(30_000_000), reportProgress: true });
    const subscription = upload$.subscribe({
      ...caller,
      next: (event) => {
        events.push(event);
        if (event.type === 'upload' && event.loaded > 0) sent.open();
      },
    });
    await sent.opened;
    subscription.unsubscribe();
    await client.released();
    expect(events.at(-1)).toMatchObject({ type: 'upload', total: 30_000_000 });
    expect(Object(events.at(-1)).loaded).toBeLessThan(30_000_000);
  });

  it('while a stream is being sent, which is told', async () => {
    const cancelled = createBarrier();
    const body = new ReadableStream({
      start: (stream) => stream.enqueue(new Uint8Array(9)),
      cancel: () => cancelled.open(),
    });
    const subscription = client.api.post$('/a', body).subscribe(caller);
    await arrived.opened;
    subscription.unsubscribe();
    await cancelled.opened;
    await isOver();
  });

  it('while a form is being read', async () => {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(1_000_000)]));
    const subscription = client.api.post$('/a', form).subscribe(caller);
    subscription.unsubscribe();
    for (let turn = 0; turn < 50; turn++) await setImmediate();
    expect(server.opened).toBe(0);
    expect(client.held()).toEqual({ inUse: 0, idle: 0, queued: 0 });
  });

  it('while a blob is being read, which is told', async () => {
    const cancelled = createBarrier();
    class Slow extends Blob {
      override stream() {
        return new ReadableStream({ cancel: () => cancelled.open() });
      }
    }
    client.api
      .post$('/a', new Slow(['text']))
      .subscribe(caller)
      .unsubscribe();
    await cancelled.opened;
    expect(server.opened).toBe(0);
  });

  it('while an answer is being decoded', async () => {
    const bomb = gzipSync(Buffer.alloc(30_000_000));
    let told: Socket | undefined;
    server.act = (socket) => {
      told = socket;
      socket.write(`${HEADERS}content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`);
      socket.write(bomb);
    };
    const received = createBarrier();
    const subscription = client.api
      .request$('GET', '/a', { reportProgress: true, responseType: 'arraybuffer' })
      .subscribe({
        ...caller,
        next: (event) => {
          if (event.type === 'download' && event.loaded === bomb.length) received.open();
        },
      });
    await received.opened;
    await setImmediate();
    subscription.unsubscribe();
    expect(told?.destroyed).toBe(false);
    await isOver();
  });
});

describe('the deadline', () => {
  it('counts the wait for a connection', async () => {
    client.agent.maxSockets = 1;
    const first = client.api.get$('/first').subscribe();
    await arrived.opened;
    expect(await endOf(client.api.get$('/a', { timeoutMs: 30 }))).toMatchObject({ code: 'timeout' });
    expect(client.held()).toMatchObject({ queued: 0 });
    first.unsubscribe();
  });

  it('counts the look-up of a name', async () => {
    client = createNodeClient('http://shop.invalid', { agent: new Agent({ lookup: () => {} }) });
    expect(await endOf(client.api.get$('/a', { timeoutMs: 30 }))).toMatchObject({ code: 'timeout' });
    await client.released();
  });

  it('counts all redirects together', async () => {
    server.act = (socket, _head, nth) => {
      setTimeout(() => socket.write(answerText('', { location: `/${nth}` }, '302 Found')), 15);
    };
    expect(await endOf(client.api.get$('/a', { timeoutMs: 50 }))).toMatchObject({ code: 'timeout' });
    await client.released();
  });
});
