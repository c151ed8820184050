// Executes bundles: for Node from a folder without node_modules, for browsers in Chromium.
import { existsSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { parseResults } from '../exercise/results.mjs';
import { run } from '../process.mjs';
import { installInto, makeFolder } from '../tarball.mjs';

/** Runs a bundle for Node. `modules`: the bundle excludes packages, and they are installed beside it. */
export async function inNode(file, origin, { modules = false } = {}) {
  const folder = await makeFolder('bundle');
  const name = file.endsWith('.cjs') ? 'main.cjs' : 'main.mjs';
  await cp(file, join(folder, name));
  if (modules) await installInto(join(folder, 'node_modules'));
  return parseResults(await run(process.execPath, [name, origin], { cwd: folder, timeoutMs: 120_000 }));
}

const findChromium = () => [process.env.CHROMIUM, '/usr/bin/chromium'].find((path) => path && existsSync(path));

/** Opens a page that loads a bundle from the server, and runs the exercise in the page and in its worker. */
export async function inChromium(folder, script, server) {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('there is no Chromium here (CHROMIUM, /usr/bin/chromium)');
  await writeFile(join(folder, 'index.html'), `<!doctype html><script type="module" src="./${script}"></script>`);
  const address = server.serve(folder);
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const errors = [];
    page.on('pageerror', (error) =>
      errors.push({ title: 'an error that nothing has caught', error: `${error.stack}` }),
    );
    await page.goto(`${address}/index.html`, { waitUntil: 'load' });
    await page.waitForFunction('globalThis.exerciseIn !== undefined', undefined, { timeout: 20_000 });
    const where = async (place) => {
      const results = await page.evaluate(
        ([name, origin]) => globalThis.exerciseIn[name](origin),
        [place, server.origin],
      );
      return results.map(({ title, error }) => ({ title: `${place}: ${title}`, error }));
    };
    return [...(await where('page')), ...(await where('worker')), ...errors];
  } finally {
    await browser.close();
  }
}
