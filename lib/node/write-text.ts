import type { FileHandle } from 'node:fs/promises';

/** Writes a text from the begin of a file. One write may do a part only, as on a disk that becomes full. */
export const writeText = async (handle: FileHandle, text: string): Promise<void> => {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, done);
    done += bytesWritten;
  }
};
