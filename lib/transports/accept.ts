import type { HttpRequest } from '../http/request';

/** With it, servers that redirect other requests to a login page respond with 401. It needs no CORS preflight. */
const JSON_ACCEPT = 'application/json, text/plain, */*';

/**
 * The headers of a request as they are sent: with an `accept` for JSON if JSON is requested and the caller has set no
 * `accept`.
 */
export const headersToSend = ({ headers, responseType }: HttpRequest): HttpRequest['headers'] =>
  responseType === 'json' ? { accept: JSON_ACCEPT, ...headers } : headers;
