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
export const toAnswer = (request: HttpRequest, answer: Omit<HttpResponse, 'type'>): HttpResponse => {
  const { status } = answer;
  const body = request.method === 'HEAD' || /^(20[45]|304)$/.test(`${status}`) ? null : answer.body;
  const response = { ...answer, type: 'response', body } as const;
  if (request.responseType !== 'json') return response;
  // What was asked for as JSON has been read as a text.
  const text = body as string | null;
  const json = text ? parseJson(text) : null;
  if (json === undefined && status < 400) {
    const quoted = { ...response, body: text?.slice(0, QUOTED) };
    throw new ResponseParseError('its body is not JSON', { request, response: quoted });
  }
  return { ...response, body: json === undefined ? body : json };
};

/** Why a platform did not take a request; quotes nothing of what that has thrown. */
export const whyNot = ({ url }: HttpRequest): string =>
  /^https?:/i.test(url) ? 'this transport can not send it' : 'without a page, a relative url needs a baseUrl';
