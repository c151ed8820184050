// Runtimes other than Node run the exercise as a program, from a project with the tarball installed.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { install, versionsOf } from './cache.mjs';
import { copyExercise, parseResults, tally } from './exercise/results.mjs';
import { startServer } from './exercise/server.mjs';
import { run } from './process.mjs';
import { makeConsumer, makeFolder } from './tarball.mjs';
import { serveWorker } from './workerd.mjs';

/** Runs the exercise by a command, with both transports. */
async function asProgram(command, args, name, say) {
  const folder = await makeConsumer(name);
  await copyExercise(folder);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  const server = await startServer();
  const outcome = await run(command, [...args, 'main.mjs', server.origin], { cwd: folder, timeoutMs: 180_000 });
  server.close();
  return { ...tally(parseResults(outcome), say), ran: 'exercise by both transports' };
}

export async function bun(say) {
  const folder = await install('bun');
  const version = (await versionsOf('bun'))['@oven/bun-linux-x64'];
  const binary = join(folder, 'node_modules/@oven/bun-linux-x64/bin/bun');
  return { version, ...(await asProgram(binary, ['run'], 'bun', say)) };
}

export async function deno(say) {
  const folder = await install('deno');
  const version = (await versionsOf('deno'))['@deno/linux-x64-glibc'];
  const flags = ['run', '--no-config', '--cached-only', '--node-modules-dir=manual', '--allow-all'];
  const binary = join(folder, 'node_modules/@deno/linux-x64-glibc/deno');
  return { version, ...(await asProgram(binary, flags, 'deno', say)) };
}

/** A worker has no file system: it is bundled as the tools of Cloudflare do, and called by HTTP. */
export async function workerd(say) {
  const tools = await install('workerd');
  const version = (await versionsOf('workerd')).workerd;
  const folder = await makeConsumer('workerd');
  await copyExercise(folder);
  const outfile = join(await makeFolder('worker'), 'worker.mjs');
  await build({
    absWorkingDir: folder,
    entryPoints: ['worker.mjs'],
    outfile,
    bundle: true,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
    logLevel: 'silent',
  });
  const server = await startServer();
  const outcome = await serveWorker(join(tools, 'node_modules'), outfile, server.origin);
  server.close();
  return { version, ...tally(parseResults(outcome), say), ran: 'exercise by fetchTransport' };
}
