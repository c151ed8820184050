import { createServer, type ServerResponse } from 'node:http';
import { type Api, createApi, createSession, fetchTransport, memoryStore, type Session } from 'renewal';
import { ndjson$, sse$ } from 'renewal/stream';
import { firstValueFrom, lastValueFrom, map, type Observable, take, tap, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Listening, listen } from '../support/listen';

/** A server of streams over sockets. It accepts one token for each user, and counts what happens. */
interface StreamServer extends Listening {
  /** The token that is accepted. */
  token: string;
  refreshes: number;
  deaths: number;
  /** How many connections were opened with a token that is accepted, and how many were not. */
  opened: number;
  rejected: number;
  /** Writes a stream: `after` is the last event id. */
  write: (response: ServerResponse, after: number, url: string) => void;
  kill(): void;
}

let server: StreamServer;
let session: Session;
let api: Api;

beforeEach(async () => {
  const http = createServer((request, response) => {
    if (request.url === '/refresh') {
      server.refreshes++;
      response.end(JSON.stringify({ accessToken: server.token }));
    } else if (request.headers.authorization !== `Bearer ${server.token}`) {
      server.rejected++;
      response.writeHead(401).end();
    } else {
      server.opened++;
      response.writeHead(200, { 'content-type': `${request.headers.accept}`.split(',')[0] });
      response.flushHeaders();
      server.write(response, Number(request.headers['last-event-id'] ?? 0), request.url ?? '');
    }
  });
  server = Object.assign(await listen(http), {
    token: 'T0',
    refreshes: 0,
    deaths: 0,
    opened: 0,
    rejected: 0,
    write: () => {},
    kill: () => {
      server.token = `T${++server.deaths}`;
    },
  });
  const baseUrl = `http://127.0.0.1:${server.port}`;
  const plain = createApi({ baseUrl, transport: fetchTransport() });
  session = createSession({
    store: memoryStore({ accessToken: 'T0', refreshToken: 'R' }),
    refresh: () => plain.post$<{ accessToken: string }>('/refresh'),
  });
  api = createApi({ baseUrl, session, transport: fetchTransport() });
});

afterEach(async () => {
  session.destroy();
  await server.close();
});

/** Random numbers that are the same in each run. */
const createRandom = (seed: number) => () => {
  seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
  return seed / 2 ** 32;
};

const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 5_000, interval: 1 });

describe('a server that cuts its streams and lets tokens die', () => {
  const CUTS = 1_000;

  it('costs no event, doubles none, and causes a refresh for each death', async () => {
    const random = createRandom(7);
    const events = Array.from({ length: 3_000 }, (_event, index) =>
      Buffer.from(`id: ${index + 1}\r\ndata: é${index + 1}\r\n\r\n`),
    );
    const deadTokens = new Set<string>();
    let cuts = 0;
    server.write = (response, after) => {
      const rest = Buffer.concat(events.slice(after));
      if (cuts === CUTS) {
        response.end(Buffer.concat([rest, Buffer.from('event: end\ndata\n\n')]));
        return;
      }
      cuts++;
      if (random() < 0.1) {
        deadTokens.add(server.token);
        server.kill();
      }
      // Within the next events, anywhere in their bytes.
      const bytes = rest.subarray(0, Math.floor(random() * 150));
      if (random() < 0.5) response.end(bytes);
      else response.write(bytes, () => response.socket?.destroy());
    };
    const received = await lastValueFrom(
      sse$(api, '/events', { reconnect: { delayMs: 0 } }).pipe(
        map(({ data, event, id }) => (event === 'end' ? event : `${id} ${data}`)),
        take(events.length + 1),
        toArray(),
      ),
    );
    expect(received).toEqual([...events.map((_event, index) => `${index + 1} é${index + 1}`), 'end']);
    expect([cuts, server.opened]).toEqual([CUTS, CUTS + 1]);
    expect(deadTokens.size).toBe(server.deaths);
    expect(server.deaths).toBeGreaterThan(50);
    expect([server.refreshes, server.rejected]).toEqual([server.deaths, server.deaths]);
  }, 60_000);

  it('causes one refresh for 50 streams that notice it together', async () => {
    const responses: ServerResponse[] = [];
    server.write = (response) => {
      responses.push(response);
      response.write('data: a\n\n');
    };
    const seen: string[] = [];
    const subscriptions = Array.from({ length: 50 }, () =>
      sse$(api, '/events', { reconnect: { delayMs: 0 } }).subscribe(({ data }) => seen.push(data)),
    );
    await until(() => seen.length === 50);
    server.kill();
    for (const response of responses) response.end();
    await until(() => seen.length === 100);
    expect([server.refreshes, server.opened]).toEqual([1, 100]);
    for (const subscription of subscriptions) subscription.unsubscribe();
  });
});

describe('unsubscribing', () => {
  it.each([
    ['while it is open', (response: ServerResponse) => response.write('data: a\n\n')],
    ['before the first event', () => {}],
  ])('closes the socket within 50 ms %s', async (_when, write) => {
    let socketClosed: Promise<number> | undefined;
    server.write = (response) => {
      socketClosed = new Promise((resolve) => response.on('close', () => resolve(performance.now())));
      write(response);
    };
    const subscription = sse$(api, '/events').subscribe();
    await until(() => server.opened === 1);
    const startedAt = performance.now();
    subscription.unsubscribe();
    expect(((await socketClosed) ?? 0) - startedAt).toBeLessThan(50);
  });

  it('closes the socket within 50 ms while it is opening', async () => {
    const closed: number[] = [];
    let requests = 0;
    const silent = createServer((request) => {
      requests++;
      request.socket.on('close', () => closed.push(performance.now()));
    });
    const { port, close } = await listen(silent);
    const subscription = sse$(api, `http://127.0.0.1:${port}/events`, { auth: false }).subscribe();
    await until(() => requests === 1);
    const startedAt = performance.now();
    subscription.unsubscribe();
    await until(() => closed.length === 1);
    expect((closed[0] ?? 0) - startedAt).toBeLessThan(50);
    await close();
  });
});

describe('the end of a session', () => {
  it.each<[string, () => Promise<void>]>([
    ['a sign-out', () => session.signOut()],
    ['the sign-in of another user', () => session.signIn({ accessToken: 'B' })],
  ])('ends an open stream, which delivers nothing after it: %s', async (_what, end) => {
    let isEnded = false;
    const late: unknown[] = [];
    server.write = (response) => {
      const writing = setInterval(() => response.write('data: of A\n\n'.repeat(50)), 0);
      response.on('close', () => clearInterval(writing));
    };
    const outcomes = Promise.all(
      Array.from(
        { length: 10 },
        () =>
          new Promise((resolve) => {
            sse$(api, '/events').subscribe({
              next: (event) => isEnded && late.push(event),
              error: ({ code }) => resolve(code),
            });
          }),
      ),
    );
    await until(() => server.opened === 10);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const ending = end();
    isEnded = true;
    await ending;
    expect(await outcomes).toEqual(Array.from({ length: 10 }, () => 'signed-out'));
    await until(() => server.sockets.size === 0);
    expect([late, server.opened]).toEqual([[], 10]);
  });

  it('ends an open stream with SessionExpiredError if the refresh token is refused', async () => {
    server.write = (response) => response.write('data: a\n\n');
    const code = new Promise((resolve) => sse$(api, '/events').subscribe({ error: (error) => resolve(error.code) }));
    await until(() => server.opened === 1);
    const refused = createSession({
      store: memoryStore({ accessToken: 'T0', refreshToken: 'R' }),
      refresh: () => api.get$('/nowhere', { auth: false }) as never,
    });
    const other = api.extend({ session: refused });
    const expired = new Promise((resolve) =>
      sse$(other, '/events').subscribe({ error: (error) => resolve(error.code) }),
    );
    await until(() => server.opened === 2);
    await firstValueFrom(refused.refresh$()).catch(() => {});
    expect(await expired).toBe('session-expired');
    void session.signOut();
    expect(await code).toBe('signed-out');
  });
});

describe('back-pressure', () => {
  const PAYLOAD = 'x'.repeat(1_000);
  const SUBSCRIBER_MS = 10;

  /** Blocks the process, and so the server too, except between chunks. */
  const busy = () => {
    const endsAt = performance.now() + SUBSCRIBER_MS;
    while (performance.now() < endsAt);
  };

  /** Leaves the server all the time. */
  const slow = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: async (value: unknown) => {
        await new Promise((resolve) => setTimeout(resolve, SUBSCRIBER_MS));
        return { value };
      },
    },
  };

  it.each<[string, (received: () => void) => Observable<unknown>]>([
    ['a busy subscriber of sse$', (received) => sse$(api, '/events').pipe(tap(busy), tap(received))],
    ['a slow schema of sse$', (received) => sse$(api, '/events', { schema: slow }).pipe(tap(received))],
    ['a busy subscriber of ndjson$', (received) => ndjson$(api, '/lines').pipe(tap(busy), tap(received))],
    ['a slow schema of ndjson$', (received) => ndjson$(api, '/lines', { schema: slow }).pipe(tap(received))],
  ])(
    'bounds what a fast server can write: %s',
    async (_who, open$) => {
      server.write = (response, _after, url) => {
        const text = url === '/events' ? `data: ${PAYLOAD}\n\n` : `"${PAYLOAD}"\n`;
        const write = () => {
          while (!response.destroyed && response.write(text));
        };
        response.on('drain', write);
        write();
      };
      let received = 0;
      const aheadBytes: number[] = [];
      await lastValueFrom(
        open$(() => {
          const writtenBytes = [...server.sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0);
          aheadBytes.push(writtenBytes - ++received * PAYLOAD.length);
        }).pipe(take(100)),
      );
      // The windows of both sockets are the kernel's, which widens them up to some 10 MB. Without a bound, the server
      // writes hundreds of megabytes in the second that the events take.
      expect(Math.max(...aheadBytes)).toBeLessThan(16 * 1024 * 1024);
    },
    30_000,
  );
});
