/** One event or line, as it was received. */
export interface Frame {
  readonly data: string;
  /** Of an event. */
  readonly event?: string;
  /** Of an event: the last event id. */
  readonly id?: string;
}

/** What the next connection needs to know of those before it. */
export interface Resumption {
  lastEventId: string;
  /** The reconnection time: `delayMs`, or what the server has set by `retry:`. */
  retryMs: number;
}

/** Parses the bytes of one connection; without bytes, its end. */
export type FrameParser = (bytes: Uint8Array | undefined) => Iterable<Frame>;

/** What differs between `sse$` and `ndjson$`. */
export interface Format {
  readonly parse: 'text' | 'json';
  /** Whether a stream with GET reconnects by default. */
  readonly isReconnecting: boolean;
  readonly accept: string;
  /** The media types of a response. */
  readonly types: RegExp;
  readonly createParser: (toError: () => Error, resumption: Resumption) => FrameParser;
  /** What is emitted for the value of a frame. */
  readonly wrap: (value: unknown, frame: Frame) => unknown;
}
