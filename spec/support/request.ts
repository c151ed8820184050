import { HttpContext, type HttpRequest } from 'renewal';

/** A request as a client makes it, but for what matters to a test. */
export const requestOf = (asked: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  url: 'https://api.test/a',
  headers: {},
  body: null,
  responseType: 'json',
  timeoutMs: 0,
  withCredentials: false,
  reportProgress: false,
  auth: true,
  context: new HttpContext(),
  ...asked,
});
