import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Command, ProcessOptions, Reply, RoundResult } from './protocol';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Packages that a process loads as users do. */
const EXTERNAL = ['rxjs', 'xhr2', 'jwt-decode', 'redis'];

/** Bundles the entry of a process, so that a dozen of them start within a second. Returns the path of the bundle. */
export const bundleProcess = async (entry: string): Promise<string> => {
  const folder = join(root, '.tmp/processes');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `${basename(entry, '.ts')}-${process.pid}.cjs`);
  await build({
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: EXTERNAL,
    tsconfig: join(root, 'tsconfig.json'),
    logLevel: 'error',
  });
  return outfile;
};

/** One process with a session of its own. */
export interface SessionProcess {
  readonly name: string;
  /** How it ended, unless it was killed by `kill` or ended after `end`: a crash. */
  readonly crash: string | undefined;
  /** Whether `kill` was called. */
  readonly isKilled: boolean;
  /** What it has written to its standard output and error. */
  readonly output: string;
  /** Resolves with undefined if the process ends before it replies. */
  run(command: Command): Promise<RoundResult | undefined>;
  /** SIGKILL; resolves once the process is gone. */
  kill(): Promise<void>;
  stop(): void;
  resume(): void;
  /** Disconnects, and resolves with the time until the process has ended by itself. */
  end(): Promise<number>;
}

export const startProcess = (bundle: string, options: ProcessOptions): SessionProcess => {
  const child: ChildProcess = fork(bundle, [JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  });
  const exit = once(child, 'exit');
  let output = '';
  let isMeantToEnd = false;
  let isKilled = false;
  let crash: string | undefined;
  let commands = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  }
  child.on('exit', (code, signal) => {
    if (!isMeantToEnd || (code !== null && code !== 0)) crash = `${options.name} ended with ${code ?? signal}`;
  });
  child.on('error', () => {}); // a message to a process that was killed
  return {
    name: options.name,
    get crash() {
      return crash;
    },
    get isKilled() {
      return isKilled;
    },
    get output() {
      return output;
    },
    run: (command) => {
      const nth = ++commands;
      return new Promise((resolve) => {
        exit.then(() => resolve(undefined));
        const onReply = (reply: Reply): void => {
          if (reply.nth !== nth) return;
          child.off('message', onReply);
          resolve(reply.result);
        };
        child.on('message', onReply);
        child.send(command, () => {});
      });
    },
    kill: async () => {
      isMeantToEnd = true;
      isKilled = true;
      child.kill('SIGKILL');
      await exit;
    },
    stop: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    end: async () => {
      const startedAtMs = performance.now();
      isMeantToEnd = true;
      if (child.connected) child.disconnect();
      await exit;
      return performance.now() - startedAtMs;
    },
  };
};
