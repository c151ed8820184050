import { promises as fs } from 'node:fs';
import { createNonce, MAX_NAMELESS_MS, type SeenLock } from './lock-file';
import { isAlive, type ProcessIdentity } from './process-identity';
import { bestEffort } from './system-error';

/** How long a lock is watched before the file system is asked for its time. */
const MIN_WATCH_MS = 300;

/** Two looks further apart mean that this process was stopped, or that the machine slept. */
const MAX_GAP_MS = 1_000;

/** A time of the file system, and when it was read by the monotonic clock of this process. */
interface FileTime {
  readonly fileMs: number;
  readonly atMs: number;
}

/** The file system's clock, by the time of a new file: the clock of this machine may differ. */
const probe = async (path: string): Promise<FileTime | undefined> => {
  const probePath = `${path}.${createNonce()}`;
  try {
    const handle = await fs.open(probePath, 'wx', 0o600);
    try {
      const { mtimeMs } = await handle.stat();
      return { fileMs: mtimeMs, atMs: performance.now() };
    } finally {
      await bestEffort(handle.close());
      await bestEffort(fs.unlink(probePath));
    }
  } catch {
    return undefined; // then only the time counts for which the lock was watched
  }
};

/** One process's view of the lock that it waits for: decides by a series of looks whether the lock is stale. */
export class StaleCheck {
  /** The lock and its extension that were seen last. */
  #last = '';
  #lastLookAtMs = 0;
  /** Since when that extension was watched without a gap. */
  #watchedSinceMs = 0;
  /** Since when its lease was seen to have passed, without a gap. */
  #passedSinceMs: number | undefined;
  #fileTime: FileTime | undefined;

  constructor(
    readonly path: string,
    readonly self: ProcessIdentity,
    readonly leaseMs: number,
  ) {}

  /**
   * Whether the holder has ended, or its lease has passed. A holder on this machine that lives gets half a lease more:
   * after a sleep of the machine, it extends its lease as soon as its timers run.
   */
  async isStale({ id, mtimeMs, holder }: SeenLock): Promise<boolean> {
    const atMs = performance.now();
    this.#look(`${id} ${mtimeMs}`, atMs);
    const watchedMs = atMs - this.#watchedSinceMs;
    if (!holder) return watchedMs > MAX_NAMELESS_MS;
    const alive = isAlive(holder, this.self);
    if (alive === false) return true;
    if (watchedMs < MIN_WATCH_MS) return false;
    this.#fileTime ??= await probe(this.path);
    const { fileMs, atMs: readAtMs } = this.#fileTime ?? { fileMs: mtimeMs, atMs: this.#watchedSinceMs };
    const ageMs = fileMs + atMs - readAtMs - mtimeMs;
    // After a clock was set back, the last extension is in the future: then the time counts that this process watched.
    if (Math.max(ageMs, watchedMs) <= this.leaseMs) return false;
    this.#passedSinceMs ??= atMs;
    return !alive || atMs - this.#passedSinceMs > this.leaseMs / 2;
  }

  #look(current: string, atMs: number): void {
    if (current !== this.#last || atMs - this.#lastLookAtMs > MAX_GAP_MS) {
      this.#last = current;
      this.#watchedSinceMs = atMs;
      this.#passedSinceMs = undefined;
    }
    this.#lastLookAtMs = atMs;
  }
}
