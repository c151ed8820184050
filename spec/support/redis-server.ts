import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll } from 'vitest';

/** The program. */
export const { REDIS_SERVER = 'redis-server' } = process.env;

/** A client of the tests. */
export type Client = Awaited<ReturnType<typeof connect>>;

/** A Redis server on a port of its own, in a folder of its own, that writes nothing to the disk. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Kills the server: connections break. */
  stop(): Promise<void>;
  /** Starts it again on the same port: empty. */
  start(): Promise<void>;
  /** Stops the process of the server, until `resume`: connections stay, and nothing is answered. */
  suspend(): void;
  /** It then carries out what it has received. */
  resume(): void;
  close(): Promise<void>;
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || !address) throw new Error('expected a port');
  return address.port;
};

/** Connects a client, which reconnects at once. */
export const connect = async (url: string, options: Parameters<typeof createClient>[0] = {}) => {
  const client = createClient({ url, socket: { reconnectStrategy: 20 }, ...options });
  client.on('error', () => {}); // the tests stop the server
  await client.connect();
  return client;
};

export const startRedis = async (...args: readonly string[]): Promise<RedisServer> => {
  const folder = await mkdtemp(join(tmpdir(), 'renewal-redis-'));
  const port = await freePort();
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    // A replica has written the data of its master, whatever `save` says.
    await rm(join(folder, 'dump.rdb'), { force: true });
    const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
    child = spawn(REDIS_SERVER, [...settings, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let log = '';
    for await (const chunk of child.stdout ?? []) {
      log += chunk;
      if (log.includes('Ready to accept connections')) break;
    }
    if (!log.includes('Ready to accept connections')) throw new Error(`redis-server has not started\n${log}`);
    child.stdout?.resume();
  };
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  };
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    start,
    stop,
    suspend: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    close: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** A server for the tests of a file, which is empty and without faults before each test, and clients of it. */
export const withRedis = (...args: readonly string[]) => {
  let server: RedisServer;
  const clients = new Set<Client>();
  const open = async (options?: Parameters<typeof createClient>[0]): Promise<Client> => {
    const client = await connect(server.url, options);
    clients.add(client);
    return client;
  };
  beforeAll(async () => {
    server = await startRedis(...args);
  });
  afterEach(async () => {
    for (const client of clients) client.destroy();
    clients.clear();
    await server.stop();
    await server.start();
  });
  afterAll(() => server.close());
  return {
    open,
    get server() {
      return server;
    },
  };
};

/** The commands that a server runs while `work` runs, without those of a script, by MONITOR. */
export const commandsOf = async (client: Client, work: () => Promise<unknown>): Promise<string[]> => {
  const monitor = await connect(client.options.url ?? '');
  const lines: string[] = [];
  await monitor.monitor((line) => lines.push(`${line}`));
  await work();
  // What was sent before this command has been reported before it.
  await client.ping('the end');
  while (!lines.some((line) => line.includes('"the end"'))) await new Promise((resolve) => setImmediate(resolve));
  monitor.destroy();
  return lines.filter((line) => !/ lua\]/.test(line) && !line.includes('"the end"'));
};

/** Sends a command by a connection of its own, for a server whose clients are paused. */
export const command = (port: number, ...args: readonly string[]): Promise<unknown> =>
  promisify(execFile)('redis-cli', ['-p', `${port}`, ...args]);
