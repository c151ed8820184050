import type { Agents } from './agents';

/** A browser's `XMLHttpRequest` would send the text `[object ReadableStream]`. */
export const canStream = false;

/** Creates the browser's `XMLHttpRequest`, looked up for each request; agents and the limit are for Node only. */
export const xhrFactory = (_agents?: Agents, _maxBytes?: number) => (): XMLHttpRequest => new XMLHttpRequest();
