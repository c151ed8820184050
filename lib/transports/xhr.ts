/** The browser's own `XMLHttpRequest`, looked up when it is needed. */
export const createXHR = (): XMLHttpRequest => new XMLHttpRequest();
