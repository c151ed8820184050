import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** Copies the files that run in the runtime under test into a project. */
export async function copyExercise(to) {
  for (const name of await readdir(folder)) {
    if (name.endsWith('.mjs')) await cp(join(folder, name), join(to, name));
  }
}

/** Reads the line of results of a run; any other output is a failure of the whole. */
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

/**
 * Counts results and reports the failed ones. `where` is prepended to each title. A limit is a documented error, by the
 * title of its check: it counts as passed while that error occurs, and as failed once it is gone.
 */
export function tally(results, say, { where = '', limits = {} } = {}) {
  const failed = results.flatMap(({ title, error }) => {
    if (!Object.hasOwn(limits, title)) return error === undefined ? [] : [{ title, error }];
    if (error === undefined) return [{ title, error: 'this limit is gone: take it out of the list' }];
    return limits[title].test(error) ? [] : [{ title, error }];
  });
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
