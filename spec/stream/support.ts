import { createEventParser } from '../../lib/stream/event-stream';
import type { Frame, FrameParser, Resumption } from '../../lib/stream/frame';

/** Parses the parts and then the end. */
export const parseAll = (parse: FrameParser, parts: readonly Uint8Array[]): Frame[] =>
  [...parts, undefined].flatMap((part) => [...parse(part)]);

/** Parses an event stream in one connection. */
export const parseEvents = (parts: readonly Uint8Array[], lastEventId = '') => {
  const resumption: Resumption = { lastEventId, retryMs: 1_000 };
  const parse = createEventParser(() => new RangeError('too long'), resumption);
  return { events: parseAll(parse, parts), ...resumption };
};

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The bytes whole, cut at each position, and one by one. */
export const cutsOf = (bytes: Uint8Array): Uint8Array[][] => [
  [bytes],
  ...Array.from(bytes, (_byte, at) => [bytes.subarray(0, at), bytes.subarray(at)]),
  Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1)),
];
