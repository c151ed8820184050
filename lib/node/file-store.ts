import { readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { TokenStore, Tokens } from 'renewal';
import { catchError, defer, EMPTY, merge, Subject, switchMap } from 'rxjs';
import { laterId } from '../session/state/session-id';
import { type Entry, hasPrecedence, signOutOf, tokensOf } from './entry';
import { fileChanges$ } from './file-changes';
import { acquireLock, type FileLock, type FileLockOptions, LockTimeoutError } from './file-lock';
import { createFileMutex } from './file-mutex';
import { named } from './file-store-error';
import { identify } from './process-identity';
import { checkDirectory, isExposed, OvertakenError, readFile, replaceFile } from './token-file';

/** The options of {@link fileStore}. */
export interface FileStoreOptions {
  /**
   * The file that holds the tokens, in a directory that exists and that only this user can write to. Files beside it
   * whose names begin with its name are its locks and temporary files. A symbolic link is followed, when the store is
   * made.
   */
  readonly path: string;
  /**
   * How long a refresh waits for the refresh of another process, in milliseconds; then it fails as transient, and
   * nothing is sent. 0 and `Infinity`: until `refreshTimeoutMs`.
   * @defaultValue 20_000
   */
  readonly lockTimeoutMs?: number | undefined;
}

/** How long a lock lasts whose holder does not extend it. */
const LEASE_MS = 10_000;

/** A write takes milliseconds. Its lock is over before a session gives up another write that waits, after 5 s. */
const WRITE_LEASE_MS = 2_000;
const WRITE_TIMEOUT_MS = 4_500;

/** How often a write is tried whose process was stopped, and so overtaken. */
const MAX_TRIES = 5;

/** The symbol by which a session asks a store of this package for a warning, at its first use. */
const CAUTION = Symbol.for('renewal.caution');

const EXPOSED = 'fileStore: path: others could read the file; its mode is 0600 now';

/** The options with their defaults. */
interface Settings {
  readonly path: string;
  readonly lockTimeoutMs: number;
}

/** Linux follows as many. */
const MAX_LINKS = 40;

/** The file that a symbolic link names, also if there is none: the link stays, and all names share one lock. */
const targetOf = (path: string, links = 0): string => {
  try {
    const target = readlinkSync(path);
    return links < MAX_LINKS ? targetOf(resolve(realpathSync(dirname(path)), target), links + 1) : path;
  } catch {
    return path; // no link
  }
};

const checkOptions = (options: FileStoreOptions): Settings => {
  const { path, lockTimeoutMs = 20_000 } = Object(options);
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    throw new TypeError('path: expected the path of a file');
  if (typeof lockTimeoutMs !== 'number' || !(lockTimeoutMs >= 0))
    throw new TypeError('lockTimeoutMs: expected a number of milliseconds, 0 or more');
  // A process may change its working directory.
  return { path: targetOf(resolve(path)), lockTimeoutMs };
};

const isExposedNow = (path: string): boolean => {
  try {
    const stat = statSync(path);
    return stat.isFile() && isExposed(stat.mode);
  } catch {
    return false;
  }
};

/** The file as a session uses it: reads, and writes under the lock for writes. */
class TokenFile {
  /** Whether others could read the file when it was first read. */
  wasExposed = false;
  /** Emits after a write that was not done, as the file holds what has precedence. */
  readonly fenced$ = new Subject<void>();
  /** The latest session that this process has seen in the file, or has tried to save. */
  #knownId = '';

  constructor(
    readonly path: string,
    readonly lockOptions: (suffix: string) => Pick<FileLockOptions, 'path' | 'self'>,
  ) {}

  async load(): Promise<Tokens | null | undefined> {
    await checkDirectory(this.path);
    const file = await readFile(this.path);
    this.wasExposed ||= !!file?.wasExposed;
    const tokens = tokensOf(file?.entry, Date.now());
    if (tokens) this.#know(tokens);
    return tokens;
  }

  async save(tokens: Tokens): Promise<void> {
    let isFenced = false;
    const isKnown = tokens.sessionId === this.#knownId;
    this.#know(tokens);
    await this.#write((held) => {
      isFenced = !!held && hasPrecedence(held, tokens, isKnown, Date.now());
      return isFenced ? undefined : { tokens };
    });
    if (isFenced) this.fenced$.next();
  }

  clear(): Promise<void> {
    return this.#write((held) => signOutOf(held, this.#knownId, Date.now()));
  }

  #know({ sessionId }: Tokens): void {
    this.#knownId = laterId(this.#knownId || sessionId, sessionId);
  }

  async #write(decide: (held: Entry | undefined) => Entry | undefined): Promise<void> {
    await checkDirectory(this.path);
    for (let tries = 1; ; tries++) {
      const lock = await this.#lock();
      try {
        await replaceFile(this.path, decide, async () => !lock || lock.isOurs());
        return;
      } catch (error) {
        if (!(error instanceof OvertakenError) || tries === MAX_TRIES) throw error;
      } finally {
        await lock?.release();
      }
    }
  }

  /** The lock for writes; undefined if none can be made, as on a full disk: the write itself shows what is wrong. */
  async #lock(): Promise<FileLock | undefined> {
    const timeoutMessage = 'path: another process has not finished its write';
    try {
      return await acquireLock({
        ...this.lockOptions('.write-lock'),
        leaseMs: WRITE_LEASE_MS,
        timeoutMs: WRITE_TIMEOUT_MS,
        timeoutMessage,
      });
    } catch (error) {
      if (error instanceof LockTimeoutError) throw error;
      return undefined;
    }
  }
}

/**
 * Keeps the tokens in a file, for the processes of one machine: commands, daemons and cron jobs of one user. They
 * refresh once for all, and apply each other's sign-ins, sign-outs and new tokens. The file has mode 0600. It is
 * replaced as a whole, so no reader sees half of it.
 *
 * A refresh holds a lock file, which it extends while it works. The lock of a process that has ended is removed at
 * once, that of a stopped process after 10 to 15 s. Without a lock, as on a read-only or full disk, a process refreshes
 * by itself. A write that fails is a warning on `events$`. Older tokens do not replace newer ones, and a late refresh
 * does not undo a sign-out.
 *
 * A file that was deleted is lost and not signed out: a session that has tokens writes them again. `load` and `save`
 * reject in a directory that others can write to, unless it is sticky. Nothing but a wait for a lock keeps the process
 * alive. Throws a `TypeError` for an option that is wrong.
 *
 * @example
 * ```ts
 * import { homedir } from 'node:os';
 * import { join } from 'node:path';
 * import { fileStore } from 'renewal/node';
 *
 * const store = fileStore({ path: join(homedir(), '.config/shop/session.json') });
 * ```
 */
export const fileStore = (options: FileStoreOptions): TokenStore => {
  const { path, lockTimeoutMs } = checkOptions(options);
  const lockOptions = (suffix: string) => ({ path: `${path}${suffix}`, self: identify() });
  const file = new TokenFile(path, lockOptions);
  const exclusive = createFileMutex(() => ({
    ...lockOptions('.lock'),
    leaseMs: LEASE_MS,
    timeoutMs: lockTimeoutMs,
    timeoutMessage: 'lockTimeoutMs: another process has kept the lock for that time',
  }));
  const store: TokenStore & { readonly [CAUTION]: () => string | undefined } = {
    [CAUTION]: () => (file.wasExposed || isExposedNow(path) ? EXPOSED : undefined),
    load: () => named(() => file.load()),
    save: (tokens) => named(() => file.save(tokens)),
    clear: () => named(() => file.clear()),
    changes$: defer(() => merge(file.fenced$, fileChanges$(path))).pipe(
      // A file that cannot be read is neither tokens nor a sign-out.
      switchMap(() => defer(async () => (await file.load()) ?? null).pipe(catchError(() => EMPTY))),
    ),
    exclusive,
  };
  return store;
};
