import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A session of a WebDriver (W3C): one browser. */
export interface WebDriver {
  /** Sends a command after the earlier commands have returned. */
  send<T>(method: 'GET' | 'POST' | 'DELETE', path: string, parameters?: object): Promise<T>;
  /** Sends several commands to one window, without other commands in between. */
  inWindow<T>(handle: string, work: (send: WebDriver['send']) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = Object(server.address());
  server.close();
  await once(server, 'close');
  return port;
};

/** A program and the processes that it has started. */
export interface ProgramGroup {
  readonly child: ChildProcess;
  /** Rejects when the program ends, or cannot be started. */
  readonly ended: Promise<never>;
  end(): void;
}

/** Starts a program in a process group of its own, so that its child processes can be ended with it. */
export const startGroup = (command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ProgramGroup => {
  const child = spawn(command, args, {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${command} has ended, with code ${code}`)));
  });
  // A requested end is no failure, and would be an unhandled rejection if nothing awaits it.
  ended.catch(() => {});
  // A signal ends this process without an `exit` event.
  const quit = (): void => process.exit(1);
  const end = (): void => {
    process.off('exit', end).off('SIGTERM', quit).off('SIGINT', quit);
    try {
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  };
  process.on('exit', end).on('SIGTERM', quit).on('SIGINT', quit);
  return { child, ended, end };
};

const request = async <T>(url: string, method: string, parameters?: object): Promise<T> => {
  const body = method === 'POST' ? JSON.stringify(parameters ?? {}) : null;
  const response = await fetch(url, { method, body });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${new URL(url).pathname}: ${value.error}: ${value.message}`);
  return value;
};

/** Starts a driver and, through it, a browser. */
export const startWebDriver = async (
  command: string,
  capabilities: object,
  env: NodeJS.ProcessEnv,
): Promise<WebDriver> => {
  const port = await freePort();
  const driver = startGroup(command, [`--port=${port}`], env);
  const origin = `http://127.0.0.1:${port}`;

  const started = async (): Promise<{ sessionId: string }> => {
    for (const deadlineMs = performance.now() + START_TIMEOUT_MS; ; await delay(20)) {
      const status = await request(`${origin}/status`, 'GET').catch((error) => error);
      if (!(status instanceof Error)) break;
      if (performance.now() > deadlineMs) throw status;
    }
    return request(`${origin}/session`, 'POST', { capabilities: { alwaysMatch: capabilities } });
  };

  const { sessionId } = await Promise.race([started(), driver.ended]).catch((error) => {
    driver.end();
    throw error;
  });
  const now: WebDriver['send'] = (method, path, parameters) =>
    request(`${origin}/session/${sessionId}${path}`, method, parameters);

  let last: Promise<unknown> = Promise.resolve();
  const enqueue = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work, work);
    last = result;
    return result;
  };

  return {
    send: (method, path, parameters) => enqueue(() => now(method, path, parameters)),
    inWindow: (handle, work) =>
      enqueue(async () => {
        await now('POST', '/window', { handle });
        return work(now);
      }),
    close: async () => {
      await enqueue(() => now('DELETE', '')).finally(driver.end);
    },
  };
};
