import { setTimeout as wait } from 'node:timers/promises';
import { FileStoreError } from './file-store-error';
import { createLock, extendLock, type OwnLock, readLock, releaseLock, removeLock } from './lock-file';
import type { ProcessIdentity } from './process-identity';
import { StaleCheck } from './stale-check';
import { isBusy } from './system-error';

export interface FileLockOptions {
  readonly path: string;
  /** The process that asks for the lock. */
  readonly self: ProcessIdentity;
  /** How long the lock lasts unless its holder extends it, which it does at each third of that time. */
  readonly leaseMs: number;
  /** How long to wait for another process; 0 and `Infinity`: no limit. */
  readonly timeoutMs: number;
  /** The error after that time. */
  readonly timeoutMessage: string;
}

/** A lock that is held. */
export interface FileLock {
  /** Whether no other process has taken the lock over. */
  isOurs(): Promise<boolean>;
  /** Never rejects. */
  release(): Promise<void>;
}

const MIN_POLL_MS = 20;
const MAX_POLL_MS = 100;

/** The lock is held by another process, and was not released in time. */
export class LockTimeoutError extends FileStoreError {
  constructor(message: string) {
    super('locked', message);
  }
}

const hold = (lock: OwnLock, { path, self, leaseMs }: FileLockOptions): FileLock => {
  const extension = setInterval(() => extendLock(lock), leaseMs / 3);
  // Work that is under way keeps the process alive, if it has to; its lock does not.
  extension.unref();
  return {
    isOurs: async () => (await readLock(path))?.id === lock.id,
    release: () => {
      clearInterval(extension);
      return releaseLock(path, lock, self);
    },
  };
};

/** Makes the lock file; undefined if another process has it, after the lock of a process that has ended is removed. */
const tryAcquire = async (options: FileLockOptions, check: StaleCheck): Promise<FileLock | undefined> => {
  const { path, self, leaseMs } = options;
  try {
    const lock = await createLock(path, self, leaseMs);
    if (lock) return hold(lock, options);
    const seen = await readLock(path);
    if (seen && (await check.isStale(seen))) await removeLock(path, seen.id, self);
  } catch (error) {
    if (!isBusy(error)) throw error;
  }
  return undefined;
};

/**
 * Waits for the lock. Rejects with a {@link LockTimeoutError} if another process keeps it, with the error of the file
 * system if no lock can be made, and with the reason of `signal`. The wait keeps the process alive.
 */
export const acquireLock = async (options: FileLockOptions, signal?: AbortSignal): Promise<FileLock> => {
  const { path, self, leaseMs, timeoutMs, timeoutMessage } = options;
  const check = new StaleCheck(path, self, leaseMs);
  const endsAtMs = performance.now() + (timeoutMs || Infinity);
  for (;;) {
    const lock = await tryAcquire(options, check);
    if (lock) return lock;
    signal?.throwIfAborted();
    if (performance.now() >= endsAtMs) throw new LockTimeoutError(timeoutMessage);
    await wait(MIN_POLL_MS + Math.random() * (MAX_POLL_MS - MIN_POLL_MS), undefined, signal && { signal });
  }
};
