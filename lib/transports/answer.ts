import { parseJson } from '../http/body';
import { ResponseParseError } from '../http/errors';
import type { HttpRequest } from '../http/request';
import type { HttpResponse } from '../http/response';

/** How much of a text that is not what was asked for an error keeps. */
const QUOTED = 200;

/**
 * An answer as a transport hands it out, from one whose body is a text where JSON was asked for. `null` stands for no content. JSON is parsed
 * here, as no platform tells what is not JSON from what is `null`. Throws a `ResponseParseError`.
 */
export const toAnswer = (
  request: HttpRequest,
  { status, statusText, headers, url, body }: Omit<HttpResponse, 'type'>,
): HttpResponse => {
  // A literal each time: every answer comes through here, and to spread one costs more.
  const withBody = (found: unknown): HttpResponse => ({
    type: 'response',
    status,
    statusText,
    headers,
    url,
    body: found,
  });
  if (request.method === 'HEAD' || [204, 205, 304].includes(status)) return withBody(null);
  if (request.responseType !== 'json') return withBody(body);
  const text = body as string | null; // what was asked for as JSON has been read as a text
  const json = text ? parseJson(text) : null;
  if (json !== undefined) return withBody(json);
  if (status >= 400) return withBody(text);
  throw new ResponseParseError('its body is not JSON', { request, response: withBody(text?.slice(0, QUOTED)) });
};

/** Why a platform did not take a request; quotes nothing of what that has thrown. */
export const whyNot = ({ url }: HttpRequest): string =>
  /^https?:/i.test(url) ? 'this transport can not send it' : 'without a page, a relative url needs a baseUrl';
