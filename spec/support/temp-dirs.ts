import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Directories that are removed by `remove`, with what was mounted there. */
export interface TempDirs {
  /** A new directory that only this user can use. */
  make(): string;
  /** The same, of that many kB; undefined if this user cannot mount. */
  makeSmall(kB: number): string | undefined;
  /** Makes a directory of `makeSmall` read-only, or writable again. */
  setReadOnly(directory: string, isReadOnly: boolean): void;
  remove(): void;
}

const mount = (...args: readonly string[]): boolean => spawnSync('mount', args, { stdio: 'ignore' }).status === 0;

export const createTempDirs = (): TempDirs => {
  const root = mkdtempSync(join(tmpdir(), 'renewal-'));
  const mounted: string[] = [];
  let count = 0;
  const make = (): string => {
    const directory = join(root, `${count++}`);
    mkdirSync(directory, { mode: 0o700 });
    return directory;
  };
  return {
    make,
    makeSmall: (kB) => {
      const directory = make();
      if (!mount('-t', 'tmpfs', '-o', `size=${kB}k,mode=700`, 'tmpfs', directory)) return undefined;
      mounted.push(directory);
      return directory;
    },
    setReadOnly: (directory, isReadOnly) => {
      if (!mount('-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, directory)) throw new Error('expected a mount to change');
    },
    remove: () => {
      for (const directory of mounted) spawnSync('umount', ['-l', directory]);
      rmSync(root, { recursive: true, force: true });
    },
  };
};
