import { constants, promises as fs } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Entry, EntryError, parseEntry, stringifyEntry } from './entry';
import { FileStoreError } from './file-store-error';
import { createNonce } from './lock-file';
import { bestEffort, codeOf, isBusy, unlessMissing } from './system-error';
import { writeText } from './write-text';

const PRIVATE = 0o600;
const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;
const OTHERS = 0o077;

/** Windows has no modes: files in the profile of a user are private by their access lists. */
const hasModes = process.platform !== 'win32';

/** Leftovers other than temporary files are removed after that time. */
const MAX_LEFTOVER_MS = 60_000;

/** How often and how long a file is replaced that another process reads, on Windows. */
const MAX_TRIES = 10;
const RETRY_MS = 20;

/** Whether others could read, write or run a file of this mode. */
export const isExposed = (mode: number): boolean => hasModes && (mode & OTHERS) !== 0;

/**
 * Rejects if others could replace the file, as they own its directory or can write to it. In a directory that is
 * sticky, they could only have made the file before this user did. A group that is the user's own is nobody else.
 */
export const checkDirectory = async (path: string): Promise<void> => {
  const uid = process.getuid?.();
  const directory = uid === undefined ? undefined : await unlessMissing(fs.stat(dirname(path)));
  if (!directory) return;
  const isTrusted = directory.uid === uid || directory.uid === 0 || uid === 0;
  const isOwnGroup = directory.uid === uid && directory.gid === uid;
  const writers = directory.mode & (isOwnGroup ? OTHERS_WRITE : OTHERS_WRITE | GROUP_WRITES);
  if (isTrusted && !writers) return;
  if (!isTrusted || !(directory.mode & STICKY))
    throw new FileStoreError('open-directory', 'path: expected a directory that only its owner can write to');
  const file = await unlessMissing(fs.lstat(path));
  if (file && uid !== 0 && file.uid !== uid)
    throw new FileStoreError('foreign-file', 'path: expected a file of this user');
};

/** The file as it was read. */
export interface ReadFile {
  readonly entry: Entry;
  /** Whether others could read it: they cannot any more. */
  readonly wasExposed: boolean;
}

/** A pipe is opened without a wait for a writer, which would keep a thread of the process. Windows has no such flag. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Reads the file; undefined if there is none. Rejects with an {@link EntryError} if it holds something else. */
export const readFile = async (path: string): Promise<ReadFile | undefined> => {
  const handle = await unlessMissing(fs.open(path, READ));
  if (!handle) return undefined;
  try {
    const stat = await handle.stat();
    // Neither the mode of a directory or a device is changed, nor is one replaced.
    if (!stat.isFile()) throw new FileStoreError('no-file', 'path: expected a file');
    const wasExposed = isExposed(stat.mode);
    if (wasExposed) await bestEffort(handle.chmod(PRIVATE));
    return { entry: parseEntry(await handle.readFile('utf8')), wasExposed };
  } finally {
    await handle.close();
  }
};

/** What a write replaces; undefined also for a file that this package has not written. */
const readReplaced = async (path: string): Promise<Entry | undefined> => {
  try {
    return (await readFile(path))?.entry;
  } catch (error) {
    if (error instanceof EntryError && !error.isLaterFormat) return undefined;
    throw error;
  }
};

/** Makes the name of a file durable, on platforms that can. */
const syncDirectory = async (path: string): Promise<void> => {
  const handle = await fs.open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const rename = async (from: string, to: string): Promise<void> => {
  for (let tries = 1; ; tries++) {
    try {
      return await fs.rename(from, to);
    } catch (error) {
      if (tries === MAX_TRIES || !isBusy(error)) throw error;
    }
    await wait(RETRY_MS);
  }
};

/**
 * Removes what processes have left that were killed. Called under the lock for writes, so each temporary file is such a
 * leftover, or that of a process which was stopped and has lost the lock: its rename then fails.
 */
const removeLeftovers = async (path: string, ownName: string): Promise<void> => {
  const directory = dirname(path);
  const prefix = `${basename(path)}.`;
  const nowMs = (await fs.stat(join(directory, ownName))).mtimeMs;
  for (const name of await fs.readdir(directory)) {
    if (!name.startsWith(prefix) || name === ownName) continue;
    const rest = name.slice(prefix.length);
    const isTemporary = /^[0-9a-f]{16}\.tmp$/.test(rest);
    if (!isTemporary && !/^(write-)?lock\.[0-9a-z.]+$/.test(rest)) continue;
    const file = join(directory, name);
    const stat = isTemporary ? undefined : await unlessMissing(fs.stat(file));
    if (isTemporary || (stat && nowMs - stat.mtimeMs > MAX_LEFTOVER_MS)) await unlessMissing(fs.unlink(file));
  }
};

/** This process has lost the lock for writes before it was done. */
export class OvertakenError extends FileStoreError {
  constructor() {
    super('overtaken', 'path: other processes have written for too long');
  }
}

/** A file that is written and then takes the place of another one. */
interface Temporary {
  readonly path: string;
  readonly handle: FileHandle;
}

const fill = async ({ handle }: Temporary, text: string): Promise<void> => {
  await handle.truncate();
  await writeText(handle, text);
  await handle.sync();
};

/** Gives the temporary file the name of the file. Its removal by another process shows that this one was overtaken. */
const moveTo = async (path: string, { path: temporary, handle }: Temporary): Promise<void> => {
  await handle.close();
  try {
    await rename(temporary, path);
  } catch (error) {
    throw codeOf(error) === 'ENOENT' ? new OvertakenError() : error;
  }
  await bestEffort(syncDirectory(dirname(path)));
};

const replace = async (path: string, temporary: Temporary, text: string): Promise<void> => {
  try {
    await fill(temporary, text).catch(async () => {
      // On a full disk, this may give the room. What the file holds is spent: no process may use it.
      await fs.unlink(path);
      await fill(temporary, text);
    });
    await moveTo(path, temporary);
  } catch (error) {
    // Nothing instead of spent tokens.
    if (!(error instanceof OvertakenError)) await bestEffort(fs.unlink(path));
    throw error;
  }
};

/**
 * Replaces what the file holds by what `decide` returns, or leaves it if that is undefined. The file changes at once,
 * and only if no other process has written since `decide` was called: else rejects with an {@link OvertakenError}.
 *
 * @param isLocked - Whether this process still has the lock for writes.
 */
export const replaceFile = async (
  path: string,
  decide: (held: Entry | undefined) => Entry | undefined,
  isLocked: () => Promise<boolean>,
): Promise<void> => {
  const temporaryPath = `${path}.${createNonce()}.tmp`;
  const handle = await fs.open(temporaryPath, 'wx', PRIVATE);
  try {
    await bestEffort(handle.chmod(PRIVATE)); // a umask may have taken this user's own rights
    // From here on, a process that takes the lock over removes the temporary file before it reads.
    if (!(await isLocked())) throw new OvertakenError();
    await bestEffort(removeLeftovers(path, basename(temporaryPath)));
    const next = decide(await readReplaced(path));
    if (next) await replace(path, { path: temporaryPath, handle }, stringifyEntry(next));
  } finally {
    // It is closed, and gone, if all went well.
    await bestEffort(handle.close());
    await bestEffort(fs.unlink(temporaryPath));
  }
};
