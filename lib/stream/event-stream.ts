import { createParser } from 'eventsource-parser';
import type { Frame, FrameParser, Resumption } from './frame';
import { createLines, MAX_CHARACTERS } from './lines';

/** What a line counts for beside its characters: a text that is joined of parts needs memory for each part. */
const LINE_COST = 32;

/**
 * Parses an event stream (HTML standard, section 9.2.6). `eventsource-parser` interprets the fields. It leaves out what
 * is here: UTF-8, the BOM, a CR at the end of a chunk, and the last event id of a block without data.
 *
 * @param toError - Makes the error for an event that is too long.
 */
export const createEventParser = (toError: () => Error, resumption: Resumption): FrameParser => {
  const linesOf = createLines(/\r\n?|\n/g, toError);
  let size = 0;
  let frame: Frame | undefined;
  const parser = createParser({
    onEvent: ({ data, event = 'message', id = resumption.lastEventId }) => {
      resumption.lastEventId = id;
      // Without the last line, which is added below.
      frame = data ? { data: data.slice(0, -1), event, id } : undefined;
    },
    onRetry: (ms) => {
      resumption.retryMs = ms;
    },
  });
  // In its first chunk, the parser takes three characters of Latin-1 for a BOM. `createLines` has removed a real one.
  parser.feed('');

  return function* (bytes) {
    // An event that is not ended is discarded.
    for (const line of bytes ? linesOf(bytes) : []) {
      if (line.startsWith('data')) size += line.length + LINE_COST;
      if (size > MAX_CHARACTERS) throw toError();
      // The parser emits blocks with data only, and a block without data may have an id.
      parser.feed(line ? `${line}\n` : 'data\n\n');
      if (line) continue;
      size = 0;
      if (frame) yield frame;
    }
  };
};
