import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { fileChanges$ } from '../../lib/node/file-changes';
import { createTempDirs } from '../support/temp-dirs';

const dirs = createTempDirs();
afterAll(dirs.remove);

/** Counts what `fileChanges$` emits. */
const watchPath = (path: string) => {
  const seen = { emissions: 0 };
  const subscription = fileChanges$(path).subscribe(() => seen.emissions++);
  return { seen, stop: () => subscription.unsubscribe() };
};

describe('the changes of a file', () => {
  it('begin with a look, and go on with each write', async () => {
    const path = join(dirs.make(), 'session.json');
    const { seen, stop } = watchPath(path);
    expect(seen.emissions).toBe(1);
    for (let nth = 2; nth <= 4; nth++) {
      const before = seen.emissions;
      fs.writeFileSync(`${path}.tmp`, `${nth}`);
      fs.renameSync(`${path}.tmp`, path);
      await vi.waitFor(() => expect(seen.emissions).toBeGreaterThan(before));
    }
    stop();
  });

  it('are not those of files beside it', async () => {
    const path = join(dirs.make(), 'session.json');
    const { seen, stop } = watchPath(path);
    fs.writeFileSync(`${path}.lock`, '');
    fs.unlinkSync(`${path}.lock`);
    // The directory reports its events in order.
    fs.writeFileSync(path, '');
    await vi.waitFor(() => expect(seen.emissions).toBeGreaterThan(1));
    const events = seen.emissions;
    stop();
    fs.writeFileSync(path, 'after the end');
    expect(seen.emissions).toBe(events);
  });

  it('are looked for each second while there is no directory, and seen when it is back', async () => {
    const path = join(dirs.make(), 'session.json');
    fs.rmdirSync(dirname(path));
    const { seen, stop } = watchPath(path);
    expect(seen.emissions).toBe(1);
    await vi.waitFor(() => expect(seen.emissions).toBeGreaterThan(1), 3_000);
    fs.mkdirSync(dirname(path));
    const before = seen.emissions;
    await vi.waitFor(() => expect(seen.emissions).toBeGreaterThan(before), 3_000);
    const watched = seen.emissions;
    fs.writeFileSync(path, '');
    await vi.waitFor(() => expect(seen.emissions).toBeGreaterThan(watched), 500);
    stop();
  });

  it('are seen again after the directory was replaced', async () => {
    const path = join(dirs.make(), 'session.json');
    const { seen, stop } = watchPath(path);
    fs.rmdirSync(dirname(path));
    fs.mkdirSync(dirname(path));
    await vi.waitFor(() => expect(seen.emissions).toBeGreaterThan(1), 3_000);
    const before = seen.emissions;
    fs.writeFileSync(path, '');
    await vi.waitFor(() => expect(seen.emissions).toBeGreaterThan(before), 500);
    stop();
  });
});
