/** The code of an error of the file system, such as `ENOENT`. */
export const codeOf = (error: unknown): unknown => Object(error).code;

const BUSY: readonly unknown[] = ['EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'EINTR'];

/** Windows refuses a file that is being removed, or that another process reads. */
const BUSY_ON_WINDOWS: readonly unknown[] = ['EPERM', 'EACCES'];

/** Whether the same call may succeed a moment later. */
export const isBusy = (error: unknown): boolean =>
  BUSY.includes(codeOf(error)) || (process.platform === 'win32' && BUSY_ON_WINDOWS.includes(codeOf(error)));

/** The result of a call, or undefined if the file does not exist. */
export const unlessMissing = async <T>(call: Promise<T>): Promise<T | undefined> => {
  try {
    return await call;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};

/** Waits for a call whose failure changes nothing. */
export const bestEffort = async (call: Promise<unknown>): Promise<void> => {
  await call.catch(() => {});
};
