import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { acquireLock, type FileLockOptions, LockTimeoutError } from '../../lib/node/file-lock';
import { createLock, extendLock, type OwnLock, readLock, removeLock } from '../../lib/node/lock-file';
import { identify, isAlive } from '../../lib/node/process-identity';
import { createTempDirs } from '../support/temp-dirs';

const dirs = createTempDirs();
afterAll(dirs.remove);
afterEach(() => vi.restoreAllMocks());

const self = identify();
const newPath = (): string => join(dirs.make(), 'session.json.lock');
const optionsOf = (path: string, changes: Partial<FileLockOptions> = {}): FileLockOptions => ({
  path,
  self,
  leaseMs: 10_000,
  timeoutMs: 4_000,
  timeoutMessage: 'too late',
  ...changes,
});

/** The id of a process that has ended. */
const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

/** Writes a lock file as another process would. */
const plant = (path: string, holder: object, ageMs = 0): void => {
  fs.writeFileSync(path, JSON.stringify({ ...self, nonce: 'abcdef0123456789', leaseMs: 10_000, ...holder }));
  const seconds = (Date.now() - ageMs) / 1_000;
  fs.utimesSync(path, seconds, seconds);
};

/** How long it takes to acquire the lock. */
const timeOf = async (options: FileLockOptions): Promise<number> => {
  const startedAtMs = performance.now();
  const lock = await acquireLock(options);
  const tookMs = performance.now() - startedAtMs;
  await lock.release();
  return tookMs;
};

const isLinux = process.platform === 'linux';

describe('the lock file of a process', () => {
  it('leaves nothing behind', async () => {
    const path = newPath();
    const lock = await acquireLock(optionsOf(path));
    expect(fs.readdirSync(join(path, '..'))).toEqual(['session.json.lock']);
    expect(fs.statSync(path).mode & 0o777).toBe(0o600);
    await lock.release();
    expect(fs.readdirSync(join(path, '..'))).toEqual([]);
  });

  it('has mode 0600 whatever the umask', async () => {
    const path = newPath();
    const before = process.umask(0o777);
    const lock = await acquireLock(optionsOf(path)).finally(() => process.umask(before));
    expect(fs.statSync(path).mode & 0o777).toBe(0o600);
    await lock.release();
  });

  it('is removed at once if that has ended', async () => {
    const path = newPath();
    plant(path, { pid: deadPid() });
    expect(await timeOf(optionsOf(path))).toBeLessThan(1_000);
  });

  it.runIf(isLinux)('is removed at once if its id was given to another process', async () => {
    const path = newPath();
    plant(path, { start: '1' });
    expect(await timeOf(optionsOf(path))).toBeLessThan(1_000);
  });

  it('is kept while that lives, and the wait for it ends', async () => {
    const path = newPath();
    plant(path, {});
    await expect(acquireLock(optionsOf(path, { timeoutMs: 600 }))).rejects.toThrow(LockTimeoutError);
    expect(fs.existsSync(path)).toBe(true);
  });

  it('is kept while it is extended', async () => {
    const path = newPath();
    const lock = await acquireLock(optionsOf(path, { leaseMs: 300 }));
    await expect(acquireLock(optionsOf(path, { leaseMs: 300, timeoutMs: 1_500 }))).rejects.toThrow('too late');
    expect(await lock.isOurs()).toBe(true);
    await lock.release();
  });

  it('is removed when its lease has passed, and half a lease more', async () => {
    const path = newPath();
    plant(path, {}, 60_000);
    const tookMs = await timeOf(optionsOf(path, { leaseMs: 1_000 }));
    expect(tookMs).toBeGreaterThan(700);
    expect(tookMs).toBeLessThan(3_000);
  });

  it('is kept on another machine until its lease has passed', async () => {
    const path = newPath();
    plant(path, { host: 'elsewhere', pid: deadPid() });
    await expect(acquireLock(optionsOf(path, { timeoutMs: 600 }))).rejects.toThrow(LockTimeoutError);
    plant(path, { host: 'elsewhere' }, 11_000);
    expect(await timeOf(optionsOf(path))).toBeLessThan(2_000);
  });

  it.each([{}, { host: 'elsewhere' }])('is removed after its lease if the clock was set back: %j', async (holder) => {
    const path = newPath();
    plant(path, holder, -86_400_000);
    const tookMs = await timeOf(optionsOf(path, { leaseMs: 600 }));
    expect(tookMs).toBeGreaterThan(600);
    expect(tookMs).toBeLessThan(3_000);
  });

  it('is given a second to get a name', async () => {
    const path = newPath();
    fs.writeFileSync(path, '');
    const tookMs = await timeOf(optionsOf(path));
    expect(tookMs).toBeGreaterThan(900);
    expect(tookMs).toBeLessThan(3_000);
  });

  it('is not removed or changed by a process that has lost it', async () => {
    const path = newPath();
    const lost = await createLock(path, self, 10_000);
    if (!lost) throw new Error('expected a lock');
    fs.unlinkSync(path);
    const next = await acquireLock(optionsOf(path));
    const text = fs.readFileSync(path, 'utf8');
    await extendLock(lost);
    await removeLock(path, lost.id, self);
    expect(fs.readFileSync(path, 'utf8')).toBe(text);
    expect(await next.isOurs()).toBe(true);
    await lost.handle.close();
    await next.release();
  });

  it('is removed by one of many that want to, and never after another took its place', async () => {
    const path = newPath();
    let running = 0;
    const counts: number[] = [];
    const enter = async (): Promise<void> => {
      const lock = await acquireLock(optionsOf(path));
      counts.push(++running);
      await wait(1);
      running--;
      await lock.release();
    };
    for (let nth = 0; nth < 5; nth++) {
      plant(path, { pid: deadPid(), nonce: `abcdef${nth}` });
      await Promise.all(Array.from({ length: 6 }, enter));
    }
    expect(counts).toEqual(Array.from({ length: 30 }, () => 1));
  });

  it('is removed by one process while another one is about to', async () => {
    const path = newPath();
    const id = 'abcdef0123456789';
    plant(path, { pid: deadPid() });
    let live: OwnLock | undefined;
    const { unlink } = fs.promises;
    vi.spyOn(fs.promises, 'unlink').mockImplementationOnce(async (removed) => {
      // The first process has looked and is stopped here. The second one goes on as far as it can.
      await removeLock(path, id, self);
      live = await createLock(path, self, 10_000);
      await unlink(removed);
    });
    await removeLock(path, id, self);
    const seen = await readLock(path);
    expect(seen?.id).toBe(live?.id);
    await live?.handle.close();
  });

  it('is removed if the process that was removing it has ended as well', async () => {
    const path = newPath();
    const pid = deadPid();
    plant(path, { pid });
    plant(`${path}.abcdef0123456789`, { pid, nonce: 'fedcba9876543210' });
    expect(await timeOf(optionsOf(path))).toBeLessThan(1_000);
    expect(fs.readdirSync(join(path, '..'))).toEqual([]);
  });

  it('cannot be made without a directory: no wait, and no timeout', async () => {
    await expect(acquireLock(optionsOf(join(dirs.make(), 'missing', 'lock')))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('is not waited for after an abort', async () => {
    const path = newPath();
    plant(path, {});
    const abort = new AbortController();
    const acquired = acquireLock(optionsOf(path), abort.signal);
    abort.abort(new Error('not wanted'));
    await expect(acquired).rejects.toThrow();
    expect(fs.existsSync(path)).toBe(true);
  });
});

describe('a process', () => {
  it('is alive, or not, or elsewhere', () => {
    expect(isAlive(self, self)).toBe(true);
    expect(isAlive({ ...self, pid: deadPid() }, self)).toBe(false);
    expect(isAlive({ ...self, host: 'elsewhere' }, self)).toBeUndefined();
    expect(isAlive({ pid: process.pid, host: self.host }, self)).toBe(true);
  });

  it.runIf(isLinux)('that has ended is not alive before it is reaped', async () => {
    // The shell becomes another program, which does not know of the child.
    const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = await once(parent.stdout, 'data');
    const pid = Number(`${line}`);
    await vi.waitFor(() => expect(fs.readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z '));
    expect(isAlive({ pid, host: self.host }, self)).toBe(false);
    parent.kill('SIGKILL');
  });

  it.runIf(isLinux)('that has started at another time is another one', () => {
    expect(isAlive({ ...self, start: '1' }, self)).toBe(false);
  });
});
