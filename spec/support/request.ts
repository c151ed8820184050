import { HttpContext, type HttpRequest } from 'renewal';

/** A complete request; a test passes only the fields that matter to it. */
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
  renew: true,
  context: new HttpContext(),
  ...asked,
});
