import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checks } from './checks.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** How many checks there are for one transport. */
export const checkCount = Object.keys(checks).length;

/** Copies what runs in the runtime under test into a project. */
export async function copyExercise(to) {
  for (const name of await readdir(folder)) {
    if (name.endsWith('.mjs')) await cp(join(folder, name), join(to, name));
  }
}

/** Reads the line of results that a run has written; anything else is a failure of the whole. */
export function parseResults({ code, stdout, stderr }) {
  const line = stdout.split('\n').find((text) => text.startsWith('[{'));
  if (line === undefined || code !== 0) {
    const written = `${stdout}${stderr}`.slice(0, 4000);
    return [
      ...(line === undefined ? [] : JSON.parse(line)),
      { title: 'the run', error: `ended with ${code}\n${written}` },
    ];
  }
  return JSON.parse(line);
}

/** Counts results and says which failed. `where` stands before each title. */
export function tally(results, say, where = '') {
  const failed = results.filter(({ error }) => error !== undefined);
  for (const { title, error } of failed) {
    say(`FAILED ${where}${title}\n    ${error.split('\n').slice(0, 6).join('\n    ')}`);
  }
  return {
    passed: results.length - failed.length,
    failed: failed.length,
    skipped: 0,
    failures: failed.map(({ title, error }) => `${where}${title}: ${error.split('\n')[0]}`),
  };
}
