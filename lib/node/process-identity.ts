import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process, as a lock file names it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** The machine, its boot and the namespace of the process id: the id says nothing elsewhere. */
  readonly host: string;
  /** When the process started, by a clock of its machine; undefined if the platform does not tell. */
  readonly start?: string | undefined;
}

const read = (readNow: () => string): string => {
  try {
    return readNow().trim();
  } catch {
    return ''; // only Linux has these files
  }
};

/** State and start of a process by `/proc` (proc(5)). The name before them may hold spaces and brackets. */
const statOf = (pid: number): { readonly state?: string | undefined; readonly start?: string | undefined } => {
  const text = read(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return text ? { state: fields[0], start: fields[19] } : {};
};

const hostOf = (): string => {
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'));
  const namespace = read(() => readlinkSync('/proc/self/ns/pid'));
  return [hostname(), boot, namespace].filter(Boolean).join(' ');
};

/** The identity of this process. */
export const identify = (): ProcessIdentity => ({
  pid: process.pid,
  host: hostOf(),
  start: statOf(process.pid).start,
});

/** Whether the process of that id exists, also if it belongs to another user. */
const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return Object(error).code !== 'ESRCH';
  }
};

/**
 * Whether a process is alive; undefined for a process of another machine or namespace. A process that has ended and was
 * not reaped is not alive. Neither is one whose id another process has now.
 */
export const isAlive = (other: ProcessIdentity, self: ProcessIdentity): boolean | undefined => {
  if (other.host !== self.host) return undefined;
  if (!exists(other.pid)) return false;
  const { state, start } = statOf(other.pid);
  return state !== 'Z' && state !== 'X' && (other.start === undefined || start === undefined || other.start === start);
};
