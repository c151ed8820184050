// The tools that targets need beyond the repository: one folder of `tools` each, with exact versions and a lock file.
// They are installed once, on demand, into a cache outside the repository: a folder there is named by its lock file.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { output } from './process.mjs';

const tools = fileURLToPath(new URL('./tools', import.meta.url));
const userCache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');

/** Where installed tools are kept. */
export const cache = process.env.RENEWAL_COMPAT_CACHE || join(userCache, 'renewal-compat');

const readJson = async (path) => JSON.parse(await readFile(path, 'utf8'));

/** The exact versions of a set of tools, by package. */
export const versionsOf = async (tool) => (await readJson(join(tools, tool, 'package.json'))).dependencies;

/** Installs a set of tools, unless the cache has it. Resolves to the folder that holds its `node_modules`. */
export async function install(tool) {
  const lock = await readFile(join(tools, tool, 'package-lock.json'));
  const folder = join(cache, `${tool}-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  // an interrupted run must not leave a partial folder under the final name
  const draft = await mkdtemp(join(cache, `.${tool}-`));
  for (const name of ['package.json', 'package-lock.json']) await cp(join(tools, tool, name), join(draft, name));
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await output('npm', ['ci', ...flags], { cwd: draft });
  try {
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
