import type { HttpRequest } from '../http/request';

/** Servers that redirect to a login page unless JSON is named answer 401 to this; it needs no CORS preflight. */
const JSON_ACCEPT = 'application/json, text/plain, */*';

/** The headers of a request as they are sent: with an `accept` that names JSON if that is to be decoded, unless the caller has set one. */
export const headersToSend = ({ headers, responseType }: HttpRequest): HttpRequest['headers'] =>
  responseType === 'json' ? { accept: JSON_ACCEPT, ...headers } : headers;

/** Whether the response has no content, whatever its transport has read: its body is `null` (RFC 9110 section 6.4.1). */
export const hasNoContent = ({ method }: HttpRequest, status: number): boolean =>
  method === 'HEAD' || status === 204 || status === 205 || status === 304;
