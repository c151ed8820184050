import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { ajaxTransport, createApi } from 'renewal';
import { firstValueFrom, lastValueFrom, mergeMap, range, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNodeClient, endOf, type NodeClient } from '../../support/node-client';
import { answerText, startTcpServer, type TcpServer } from '../../support/tcp-server';

let server: TcpServer;
let client: NodeClient;

beforeEach(async () => {
  server = await startTcpServer();
  server.act = (socket) => void socket.write(answerText('1'));
  client = createNodeClient(server.origin, { timeoutMs: 2_000 });
});

afterEach(async () => {
  client.agent.destroy();
  await server.close();
});

describe('connections', () => {
  it('are kept alive, and shared by clients that bring no agents', async () => {
    for (let count = 0; count < 5; count++) {
      await firstValueFrom(createApi({ baseUrl: server.origin }).get$('/a'));
      await client.released();
    }
    // The next request may come before the socket of the one before it is free.
    expect(server.opened).toBeLessThan(3);
    expect(server.heads[0]).toMatch(/^connection: keep-alive$/im);
  });

  it('are as many as there are requests that the server holds back', async () => {
    const held: Socket[] = [];
    server.act = (socket) => {
      held.push(socket);
      if (held.length === 500) for (const each of held) each.write(answerText('1'));
    };
    const requests$ = range(0, 500).pipe(mergeMap(() => createApi({ baseUrl: server.origin }).get$('/a')));
    expect(await lastValueFrom(requests$.pipe(toArray()))).toHaveLength(500);
  });

  it('are made by the agent that the caller brings', async () => {
    await firstValueFrom(client.api.get$('/a'));
    await client.released();
    expect(client.held()).toEqual({ inUse: 0, idle: 1, queued: 0 });
  });

  it('are closed after each request where that agent says so', async () => {
    const { api } = createNodeClient(server.origin, { agent: new Agent({ keepAlive: false }) });
    server.act = (socket) => void socket.end(answerText('1', { connection: 'close' }));
    await firstValueFrom(api.get$('/a'));
    expect(server.heads[0]).toMatch(/^connection: close$/im);
    await server.quiet();
  });

  it.each([
    ['http', { http: {} }],
    ['http', { http: null as unknown as object }],
    ['https', { https: 'no agent' as unknown as object }],
  ])('are refused to be made by what is no agent (agents.%s)', (name, agents) => {
    expect(() => ajaxTransport({ agents })).toThrow(new TypeError(`agents.${name}: expected an agent of node:${name}`));
  });

  it('that its agent refuses to make are an error, at whatever time', async () => {
    const refuses = () => {
      throw new RangeError('no more');
    };
    await firstValueFrom(client.api.get$('/first'));
    await client.released();
    server.act = (socket) => {
      Object.assign(client.agent, { addRequest: refuses });
      socket.resetAndDestroy();
    };
    expect(await endOf(client.api.get$('/a'))).toMatchObject({ code: 'network', cause: { message: 'no more' } });
    expect(await endOf(client.api.get$('/a'))).toMatchObject({ code: 'request' });
    expect(await endOf(client.api.post$('/a', new Blob(['a'])))).toMatchObject({ code: 'network' });
    Reflect.deleteProperty(client.agent, 'addRequest');
  });

  it('that an agent never makes, or will no longer make, come to an end', async () => {
    const transport = ajaxTransport({ agents: { http: { addRequest: () => {} } } });
    const never = createApi({ baseUrl: server.origin, transport, timeoutMs: 30 });
    expect(await endOf(never.get$('/a'))).toMatchObject({ code: 'timeout' });
    client.agent.maxSockets = 1;
    server.act = () => client.agent.destroy();
    const ends = [endOf(client.api.get$('/first')), endOf(client.api.get$('/queued', { timeoutMs: 30 }))];
    expect(await Promise.all(ends)).toMatchObject([
      { code: 'network' },
      { code: expect.stringMatching(/^(network|timeout)$/) },
    ]);
  });

  it('of an agent for another protocol are an error of the request', async () => {
    const transport = ajaxTransport({ agents: { https: new Agent() } });
    expect(await endOf(createApi({ transport }).get$('https://127.0.0.1:1/'))).toMatchObject({ code: 'request' });
  });
});

describe('a connection that has become stale', () => {
  /** Opens a connection, and has the server close it on the next request. */
  const becomeStale = async (close: 'end' | 'resetAndDestroy' = 'resetAndDestroy'): Promise<void> => {
    await firstValueFrom(client.api.get$('/first'));
    await client.released();
    server.act = (socket, head, nth) =>
      nth === 2 ? socket[close]() : void socket.write(answerText(/^HEAD/.test(head) ? '' : '2'));
  };

  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])('is made up for by another, for %s', async (method) => {
    await becomeStale();
    expect(await endOf(client.api.request$(method, '/a'))).toMatchObject({ value: { status: 200 } });
    expect(server.heads).toHaveLength(3);
  });

  it('is so also where it was closed in an orderly way', async () => {
    await becomeStale('end');
    expect(await endOf(client.api.get$('/a'))).toEqual({ value: 2 });
  });

  it('is so with the body', async () => {
    await becomeStale();
    expect(await endOf(client.api.put$('/a', { a: 1 }))).toEqual({ value: 2 });
    expect(server.heads.slice(1).map((head) => /content-length: 7/.test(head))).toEqual([true, true]);
  });

  it.each(['POST', 'PATCH'])('is an error for %s, which a server may not be sent twice', async (method) => {
    await becomeStale();
    expect(await endOf(client.api.request$(method, '/a'))).toMatchObject({
      code: 'network',
      cause: { code: 'ECONNRESET' },
    });
    expect(server.heads).toHaveLength(2);
  });

  it('is an error for a stream, which cannot be sent twice', async () => {
    await becomeStale();
    expect(await endOf(client.api.put$('/a', new Blob(['text']).stream()))).toMatchObject({ code: 'network' });
    expect(server.heads).toHaveLength(2);
  });

  it('is made up for once, also where there are more of its kind', async () => {
    await Promise.all(['/1', '/2', '/3'].map((path) => firstValueFrom(client.api.get$(path))));
    await client.released();
    expect(client.held()).toMatchObject({ idle: 3 });
    server.act = (socket) => socket.resetAndDestroy();
    expect(await endOf(client.api.get$('/a'))).toMatchObject({ code: 'network' });
    expect(server.heads).toHaveLength(3 + 2);
  });

  it('is none where an answer has begun', async () => {
    await becomeStale();
    server.act = (socket) =>
      void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[1', () => socket.resetAndDestroy());
    expect(await endOf(client.api.get$('/a'))).toMatchObject({ code: 'network' });
    expect(server.heads).toHaveLength(2);
  });

  it('is none where it is new', async () => {
    server.act = (socket) => socket.resetAndDestroy();
    expect(await endOf(client.api.get$('/a'))).toMatchObject({ code: 'network' });
    expect(server.heads).toHaveLength(1);
  });
});
