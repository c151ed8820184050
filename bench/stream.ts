// The cost of `sse$`: the time to the first byte against bare `fetch`, and the heap over a million events.
// Both use the platform's fetch and one server, which runs in its own process.
// Exits 1 if the first byte takes more than 1.10 times as long, or if the heap grows by a byte for each event.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createApi, createSession, fetchTransport, memoryStore } from 'renewal';
import { sse$ } from 'renewal/stream';
import { from } from 'rxjs';

const MAX_RATIO = 1.1;
const ROUNDS = 60;
const PER_ROUND = 20;
const WARM_UP_ROUNDS = 20;
/** How long the server takes for the first byte: as one in the same city, and as none does. The first one counts. */
const SERVER_MS = [5, 0];
const MAX_SLOPE_BYTES = 1;
const EVENTS = 1_000_000;
const SAMPLES = 20;
const EVENT = 'id: 7\ndata: {"id":7,"name":"a small event"}\n\n';
const CHUNK = EVENT.repeat(200);

/** The server process: sends its port to the parent process, and exits with it. */
const serve = (): void => {
  const server = createServer(({ url }, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    if (url?.startsWith('/first')) {
      setTimeout(() => response.write(EVENT), Number(url.slice('/first/'.length)));
      return;
    }
    const write = () => {
      while (!response.destroyed && response.write(CHUNK));
    };
    response.on('drain', write);
    write();
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port)); // it listens on a port
  process.on('disconnect', () => process.exit());
};

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[values.length >> 1] ?? 0;

/** Receives the first byte, and returns what closes the connection. */
type First = () => Promise<() => Promise<unknown>>;

/** The mean time to the first byte in microseconds, of `PER_ROUND` connections, one after another. */
const measure = async (first: First): Promise<number> => {
  let elapsedMs = 0;
  for (let nth = 0; nth < PER_ROUND; nth++) {
    const startedAt = performance.now();
    const close = await first();
    elapsedMs += performance.now() - startedAt;
    await close();
  }
  return (elapsedMs * 1_000) / PER_ROUND;
};

type Client = ReturnType<typeof createApi>;

/** How many times longer the first event of a stream takes than the first byte of `fetch`. */
const measureFirstByte = async (api: Client, origin: string, serverMs: number): Promise<number> => {
  const url = `${origin}/first/${serverMs}`;
  const headers = { accept: 'text/event-stream', authorization: 'Bearer token' };
  const byFetch: First = async () => {
    const { body } = await fetch(url, { headers, cache: 'no-store' });
    const reader = body?.getReader();
    await reader?.read();
    return async () => reader?.cancel();
  };
  const byStream: First = () =>
    new Promise((resolve, reject) => {
      const subscription = sse$(api, url).subscribe({
        next: () => resolve(async () => subscription.unsubscribe()),
        error: reject,
      });
    });
  const rounds: { fetchUs: number; streamUs: number }[] = [];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    // The two alternate, so that both run under the same load, and each goes first in every second round.
    const first = await measure(round % 2 ? byFetch : byStream);
    const second = await measure(round % 2 ? byStream : byFetch);
    if (round >= 0)
      rounds.push(round % 2 ? { fetchUs: first, streamUs: second } : { fetchUs: second, streamUs: first });
  }
  const ratio = median(rounds.map(({ fetchUs, streamUs }) => streamUs / fetchUs));
  const fetchUs = median(rounds.map((round) => round.fetchUs));
  const streamUs = median(rounds.map((round) => round.streamUs));
  console.log(
    `first event, of a server that takes ${serverMs} ms: sse$ ${streamUs.toFixed(0)} µs, first byte of fetch ${fetchUs.toFixed(0)} µs: ` +
      `ratio ${ratio.toFixed(3)} (median of ${ROUNDS} rounds)`,
  );
  return ratio;
};

/** The slope of a line through the samples, by least squares. */
const slopeOf = (samples: readonly number[]): number => {
  const middle = (samples.length - 1) / 2;
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  const product = samples.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0);
  return product / samples.reduce((sum, _value, index) => sum + (index - middle) ** 2, 0);
};

/** Whether the heap stays flat. */
const measureHeap = async (api: Client): Promise<boolean> => {
  const samples: number[] = [];
  let count = 0;
  const startedAt = performance.now();
  await new Promise<void>((resolve, reject) => {
    const subscription = sse$(api, '/all').subscribe({
      next: () => {
        count++;
        // The first sample comes after the code is warm.
        if (count % (EVENTS / SAMPLES) === 0) {
          globalThis.gc?.();
          samples.push(process.memoryUsage().heapUsed);
        }
        if (count < EVENTS) return;
        subscription.unsubscribe();
        resolve();
      },
      error: reject,
    });
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  const slope = slopeOf(samples.slice(1)) / (EVENTS / SAMPLES);
  console.log(
    `${EVENTS} events in ${seconds.toFixed(1)} s: ${slope.toFixed(3)} bytes of heap for each event, ` +
      `${((samples.at(-1) ?? 0) / 1e6).toFixed(1)} MB at the end`,
  );
  return slope < MAX_SLOPE_BYTES;
};

const run = async (): Promise<void> => {
  const server = fork(fileURLToPath(import.meta.url), ['serve'], { execArgv: process.execArgv });
  const [port] = await once(server, 'message');
  const baseUrl = `http://127.0.0.1:${port}`;
  const session = createSession({ refresh: () => from([]), store: memoryStore({ accessToken: 'token' }) });
  const api = createApi({ baseUrl, session, transport: fetchTransport() });
  const ratios: number[] = [];
  for (const serverMs of SERVER_MS) ratios.push(await measureFirstByte(api, baseUrl, serverMs));
  const isFlat = await measureHeap(api);
  server.disconnect();
  process.exitCode = (ratios[0] ?? Infinity) <= MAX_RATIO && isFlat ? 0 : 1;
};

if (process.argv[2] === 'serve') serve();
else await run();
