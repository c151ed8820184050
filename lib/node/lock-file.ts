import { randomBytes } from 'node:crypto';
import { promises as fs } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { isAlive, type ProcessIdentity } from './process-identity';
import { bestEffort, codeOf, unlessMissing } from './system-error';
import { writeText } from './write-text';

/** A lock file that exists. */
export interface SeenLock {
  /** Names this lock among all that were ever at the path. */
  readonly id: string;
  /** When its holder has extended it last, by the clock of the file system. */
  readonly mtimeMs: number;
  /** Undefined if the holder has not written its name yet. */
  readonly holder?: ProcessIdentity | undefined;
}

/** A lock file that this process has made. */
export interface OwnLock {
  readonly id: string;
  readonly handle: FileHandle;
  readonly text: string;
}

/** How long a process may take between making a lock file and writing its name into it. */
export const MAX_NAMELESS_MS = 1_000;

/** How long the removal of a lock file may take before another process removes that file. */
const MAX_REMOVAL_MS = 10_000;

export const createNonce = (): string => randomBytes(8).toString('hex');

const parse = (text: string): { readonly nonce?: unknown; readonly holder?: ProcessIdentity } => {
  try {
    const { pid, host, start, nonce } = Object(JSON.parse(text));
    return Number.isSafeInteger(pid) && typeof host === 'string' ? { nonce, holder: { pid, host, start } } : {};
  } catch {
    return {};
  }
};

const readHandle = async (handle: FileHandle): Promise<SeenLock> => {
  try {
    const { ino, mtimeMs } = await handle.stat();
    const { nonce, holder } = parse(await handle.readFile('utf8'));
    // The id is part of a file name.
    const isNamed = typeof nonce === 'string' && /^[0-9a-f]+$/.test(nonce);
    return { id: isNamed ? nonce : `i${ino}`, mtimeMs, holder };
  } finally {
    await handle.close();
  }
};

/** Reads a lock file; undefined if there is none. */
export const readLock = async (path: string): Promise<SeenLock | undefined> => {
  const handle = await unlessMissing(fs.open(path, 'r'));
  return handle && readHandle(handle);
};

/** Makes a lock file; undefined if there is one. Rejects if none can be made. */
export const createLock = async (
  path: string,
  self: ProcessIdentity,
  leaseMs: number,
): Promise<OwnLock | undefined> => {
  const beganAtMs = performance.now();
  let handle: FileHandle;
  try {
    handle = await fs.open(path, 'wx', 0o600);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  }
  const id = createNonce();
  const text = JSON.stringify({ ...self, nonce: id, leaseMs });
  try {
    await bestEffort(handle.chmod(0o600)); // whatever the umask: others of this user have to read it
    await writeText(handle, text);
  } catch (error) {
    await bestEffort(handle.close());
    await bestEffort(fs.unlink(path));
    throw error;
  }
  // A process that was stopped before it wrote its name may have been taken for one that has ended.
  if (performance.now() - beganAtMs < MAX_NAMELESS_MS / 2 || (await readLock(path))?.id === id)
    return { id, handle, text };
  await handle.close();
  return undefined;
};

/** Extends the lease. A write through the open handle cannot change a lock that has replaced this one. */
export const extendLock = ({ handle, text }: OwnLock): Promise<void> => bestEffort(writeText(handle, text));

const removeIfSame = async (path: string, id: string): Promise<void> => {
  if ((await readLock(path))?.id === id) await unlessMissing(fs.unlink(path));
};

/**
 * Removes the lock file of that id, and no other. The process that makes the guard file of the id is the only one that
 * may remove it, its holder included: so no process removes a lock that has replaced the one it has seen.
 */
export const removeLock = async (path: string, id: string, self: ProcessIdentity): Promise<void> => {
  const guardPath = `${path}.${id}`;
  const guard = await createLock(guardPath, self, MAX_REMOVAL_MS);
  if (guard) {
    try {
      await removeIfSame(path, id);
    } finally {
      await guard.handle.close();
      await unlessMissing(fs.unlink(guardPath));
    }
    return;
  }
  const other = await readLock(guardPath);
  if (!other) return;
  const isOver = other.holder ? isAlive(other.holder, self) === false : false;
  if (isOver || Math.abs(Date.now() - other.mtimeMs) > MAX_REMOVAL_MS) await removeLock(guardPath, other.id, self);
};

/** Ends a lock that this process holds. Never rejects: a lock that stays is stale soon. */
export const releaseLock = async (path: string, { id, handle }: OwnLock, self: ProcessIdentity): Promise<void> => {
  await bestEffort(handle.close());
  // Without room for a guard file, only a process that has slept through its lease could remove another lock.
  await bestEffort(removeLock(path, id, self).catch(() => removeIfSame(path, id)));
};
