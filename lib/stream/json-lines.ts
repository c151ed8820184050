import type { FrameParser } from './frame';
import { createLines } from './lines';

/**
 * Parses lines that end in LF or CR LF; the last one needs no end. Blank lines are skipped.
 *
 * @param toError - Makes the error for a line that is too long.
 */
export const createLineParser = (toError: () => Error): FrameParser => {
  const linesOf = createLines(/\n/g, toError);
  return function* (bytes) {
    for (const line of linesOf(bytes)) if (line.trim()) yield { data: line.replace(/\r$/, '') };
  };
};
