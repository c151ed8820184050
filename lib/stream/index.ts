export { ndjson$ } from './ndjson';
export type { ReconnectOptions, StreamOptions } from './options';
export { type ServerSentEvent, sse$ } from './sse';
