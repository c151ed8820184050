import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';

const COMPATIBILITY_DATE = '2026-11-01';

/** The binary is in the package for this platform. */
const binaryOf = (modules) => {
  const [platform] = readdirSync(join(modules, '@cloudflare')).filter((name) => name.startsWith('workerd-'));
  return join(modules, '@cloudflare', platform, 'bin/workerd');
};

const config = (file, port) => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker", esModule = embed "${basename(file)}")],
      compatibilityDate = "${COMPATIBILITY_DATE}",
    )),
    (name = "internet", network = (allow = ["private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`;

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Sends requests until the worker listens. */
async function ask(url, isOver) {
  for (;;) {
    try {
      return await fetch(url, { signal: AbortSignal.timeout(120_000) });
    } catch (error) {
      if (isOver() || error.name === 'TimeoutError') throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Serves a worker, calls it once, and ends it. Resolves with its response, as the outcome of a command. */
export async function serveWorker(modules, file, origin) {
  const port = await freePort();
  const path = join(dirname(file), 'config.capnp');
  writeFileSync(path, config(file, port));
  const child = spawn(binaryOf(modules), ['serve', path], { stdio: ['ignore', 'pipe', 'pipe'] });
  let written = '';
  let isOver = false;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (written += chunk));
  child.on('close', () => {
    isOver = true;
  });
  child.on('error', (error) => {
    isOver = true;
    written += error.message;
  });
  try {
    const response = await ask(`http://127.0.0.1:${port}/?${encodeURIComponent(origin)}`, () => isOver);
    return { code: response.ok ? 0 : response.status, stdout: await response.text(), stderr: written };
  } catch (error) {
    return { code: 1, stdout: '', stderr: `${error}\n${written}` };
  } finally {
    child.kill('SIGKILL');
  }
}
