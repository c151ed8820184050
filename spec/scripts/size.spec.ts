import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

it('npm run size reports a missing build', { timeout: 60_000 }, async () => {
  await mkdir(join(root, '.tmp'), { recursive: true });
  const folder = await mkdtemp(join(root, '.tmp/size-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const name of ['package.json', '.size-limit.mjs']) await cp(join(root, name), join(folder, name));
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'node_modules/size-limit/bin.js')], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(stderr).toContain('run npm run build first');
  expect(status).toBe(1);
});
