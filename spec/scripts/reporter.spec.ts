import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../examples/run';

const root = fileURLToPath(new URL('../..', import.meta.url));
const reporter = join(root, 'scripts/reporter.mjs');

let folder: string;

beforeAll(async () => {
  await mkdir(join(root, '.tmp'), { recursive: true });
  folder = await mkdtemp(join(root, '.tmp/reporter-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs specs, each under its name, with the reporter. */
const report = async (specs: Readonly<Record<string, string>>) => {
  const place = await mkdtemp(join(folder, 'run-'));
  for (const [name, body] of Object.entries(specs)) {
    const imports = "import { afterAll, beforeAll, describe, expect, it } from 'vitest';\n";
    await writeFile(join(place, `${name}.spec.ts`), imports + body);
  }
  await writeFile(join(place, 'vitest.config.ts'), 'export default {};');
  const counts = join(place, 'counts.json');
  const flags = ['run', '--root', place, `--reporter=${reporter}`];
  const { code, stdout } = await run('node_modules/vitest/vitest.mjs', flags, { RENEWAL_COUNTS: counts });
  return { code, stdout, counts: JSON.parse(await readFile(counts, 'utf8')) };
};

const passes = "it('passes', () => {});\n";
const hangs = "it('hangs', () => new Promise(() => {}), 3_600_000);\n";

describe('the reporter of npm test', { timeout: 60_000 }, () => {
  it('writes a line for each file, and counts the tests', async () => {
    const { code, stdout, counts } = await report({
      one: passes + passes,
      two: `${passes}it.skip('waits', () => {});`,
    });
    expect(stdout).toMatch(/^ +\d+\.\d s {2}\S*one\.spec\.ts \(2\)$/m);
    expect(stdout).toMatch(/^ +\d+\.\d s {2}\S*two\.spec\.ts \(2\)$/m);
    expect([code, counts]).toEqual([0, { passed: 3, failed: 0, skipped: 1 }]);
  });

  it('reports the first failing test with reason and place, and ends a hanging run', async () => {
    const fails = "describe('a group', () => it('fails', () => expect([1]).toEqual([2])));";
    const { code, stdout, counts } = await report({ fails, hangs });
    expect(stdout).toMatch(/^FAIL \S*fails\.spec\.ts > a group > fails, after \d+\.\d s\nAssertionError: expected/m);
    expect(stdout).toMatch(/^ {2}at \S*fails\.spec\.ts:2:/m);
    expect(stdout).toContain('- ');
    expect(stdout).not.toContain('\x1b');
    expect([code, counts]).toEqual([1, { passed: 0, failed: 1, skipped: 0 }]);
  });

  it.each<[what: string, body: string, told: RegExp]>([
    [
      'a file that cannot be loaded',
      "throw new Error('no such thing');",
      /^FAIL \S*broken\.spec\.ts, .*\nError: no such/m,
    ],
    [
      'a hook of a file',
      `beforeAll(() => { throw new Error('not up'); });\n${passes}`,
      /^FAIL \S*broken\.spec\.ts.*\nError: not up/m,
    ],
    [
      'a hook of a group',
      `describe('a group', () => { afterAll(() => { throw new Error('not down'); }); ${passes}});`,
      /^FAIL \S*broken\.spec\.ts > a group, .*\nError: not down/m,
    ],
    [
      'an error outside of all tests',
      `${passes}Promise.reject(new Error('no one waits'));`,
      /^FAIL an error outside of all tests, .*\nError: no one waits/m,
    ],
  ])('counts %s as a failure', async (_, broken, told) => {
    const { code, stdout, counts } = await report({ broken });
    expect(stdout).toMatch(told);
    expect([code, counts.failed]).toEqual([1, 1]);
  });
});
