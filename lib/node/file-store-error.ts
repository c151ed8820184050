import { codeOf } from './system-error';

/**
 * A failure of `fileStore`. Its name says why, as a session's warning shows the name alone: `ENOSPC` and other codes of
 * the system, or a reason of this package.
 */
export class FileStoreError extends Error {
  constructor(
    readonly reason: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = `FileStoreError ${reason}`;
  }
}

/** The result of a call. Rejects with a {@link FileStoreError}, also for an error of the system. */
export const named = async <T>(call: () => Promise<T>): Promise<T> => {
  try {
    return await call();
  } catch (error) {
    if (error instanceof FileStoreError) throw error;
    const { message } = Object(error);
    throw new FileStoreError(`${codeOf(error)}`, `path: ${message}`, { cause: error });
  }
};
