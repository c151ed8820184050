import type { HttpRequest } from '../http/request';

/** Servers that redirect to a login page unless JSON is named answer 401 to this; it needs no CORS preflight. */
const JSON_ACCEPT = 'application/json, text/plain, */*';

/** The headers of a request as they are sent: with an `accept` that names JSON if that is to be decoded, unless the caller has set one. */
export const headersToSend = ({ headers, responseType }: HttpRequest): HttpRequest['headers'] =>
  responseType === 'json' ? { accept: JSON_ACCEPT, ...headers } : headers;
