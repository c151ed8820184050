import type { Agents } from './agents';

/** `XMLHttpRequest` would send the text `[object ReadableStream]`. */
export const canStream = false;

/** Makes the browser's own `XMLHttpRequest`, looked up when it is needed; agents and a limit of its own are Node's. */
export const xhrFactory = (_agents?: Agents, _maxBytes?: number) => (): XMLHttpRequest => new XMLHttpRequest();
