import { readdirSync, readFileSync } from 'node:fs';
import base from './vitest.config';

/** What takes real time: a server, a process, or as many runs as the explorer makes. */
const SLOW = /\b(startServer|startHttpServer|spawn|run|explore)\(/;

/** What counts to thousands, or lives through years. */
const LONG = /\/(a10|h3|h4|h11|n4)-|stores\/memory/;

const inVirtualTime = readdirSync('spec', { recursive: true, encoding: 'utf8' })
  .filter(
    (path) =>
      path.endsWith('.spec.ts') && !/^(package|examples|docs|types|angular|scripts|scenarios\/angular)\//.test(path),
  )
  .map((path) => `spec/${path}`)
  .filter((path) => !LONG.test(path) && !SLOW.test(readFileSync(path, 'utf8')));

/** What mutants are tested with: the specs that take no time. */
export default {
  ...base,
  test: { ...base.test, include: inVirtualTime, sequence: { shuffle: false } },
};
