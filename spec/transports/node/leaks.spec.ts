import { Agent } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Api, ajaxTransport, type Body, createApi, fetchTransport, type Transport } from 'renewal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endOf } from '../../support/node-client';
import { type Act, answerText, startTcpServer, type TcpServer } from '../../support/tcp-server';
import { broken, endless, wrong } from '../../support/wire-faults';

const ROUNDS = 60;
const WARM_UP_ROUNDS = 10;

/**
 * What the heap may grow by over all rounds, some 6,700 faults: noise is up to 3.5 MB, however many there are, and to
 * keep no more than the error of each would be 9 at least.
 */
const MOST_BYTES = 7_000_000;

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

/**
 * The bytes that are left once everything has gone that can go: some of it does so only in a later turn of the event
 * loop.
 */
const collect = async (): Promise<number> => {
  let left = Number.POSITIVE_INFINITY;
  for (let still = 0; still < 20; still++) {
    gc();
    const { heapUsed } = process.memoryUsage();
    if (heapUsed < left - 10_000) still = 0;
    left = Math.min(left, heapUsed);
    await setImmediate();
  }
  return left;
};

/** The sockets that this process has open, on either side. */
const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

/** Answers that an upload meets on its way. */
const uploads: readonly (readonly [string, Act])[] = [
  ['an early 413', (socket) => void socket.end(answerText('{}', {}, '413 Content Too Large'))],
  ['a reset', (socket) => socket.resetAndDestroy()],
];

const bodies: readonly (() => Body)[] = [
  () => new Uint8Array(300_000),
  () => new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(65_536)) }, { highWaterMark: 0 }),
  () => new Blob(['x'.repeat(300_000)]),
];

const acts = [...broken, ...wrong, ...endless, ...uploads].map(([, act]) => act);
const firstUpload = acts.length - uploads.length;

let server: TcpServer;
let agent: Agent;

beforeEach(async () => {
  server = await startTcpServer();
  agent = new Agent({ keepAlive: true });
  server.act = (socket, head, nth) =>
    acts[Number(/ \/(\d+) /.exec(head)?.[1] ?? nth % acts.length)]?.(socket, head, nth);
});

afterEach(async () => {
  agent.destroy();
  await server.close();
});

/** Every fault once, all at once; those that never end do so by the deadline. */
const round = (api: Api): Promise<unknown> =>
  Promise.all([
    ...acts.slice(0, firstUpload).map((_, index) => endOf(api.get$(`/${index}`))),
    ...uploads.flatMap((_, index) => bodies.map((body) => endOf(api.post$(`/${firstUpload + index}`, body())))),
  ]);

describe.each<[string, () => Transport]>([
  ['ajaxTransport', () => ajaxTransport({ agents: { http: agent } })],
  ['fetchTransport', () => fetchTransport()],
])('many rounds of all faults over %s', (_, transport) => {
  it('leave the heap and the sockets as they were', { timeout: 120_000 }, async () => {
    const api = createApi({ baseUrl: server.origin, transport: transport(), timeoutMs: 100 });
    for (let count = 0; count < WARM_UP_ROUNDS; count++) await round(api);
    server.forget();
    const before = await collect();
    for (let count = 0; count < ROUNDS; count++) await round(api);
    // A cancelled connection closes within some turns of the event loop, an idle one with its agent or by itself.
    while (Object.keys(agent.sockets).length > 0) await setImmediate();
    agent.destroy();
    server.closeUnused();
    await server.quiet();
    while (sockets() > 0) await setImmediate();
    server.forget();
    expect((await collect()) - before).toBeLessThan(MOST_BYTES);
    expect([agent.sockets, agent.freeSockets, agent.requests]).toEqual([{}, {}, {}]);
  });
});
