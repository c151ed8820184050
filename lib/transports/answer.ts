import { parseJson } from '../http/body';
import { ResponseParseError } from '../http/errors';
import type { HttpRequest } from '../http/request';
import type { HttpResponse } from '../http/response';

/** How much of a text that is not what was asked for an error keeps. */
const QUOTED = 200;

/** An answer that is still being made. */
type Draft = { -readonly [Key in keyof HttpResponse]: HttpResponse[Key] };

/**
 * Makes an answer as a transport hands it out, in place, of one whose body is a text where JSON was asked for. `null` stands for no content. JSON is
 * parsed here, as no platform tells what is not JSON from what is `null`. Throws a `ResponseParseError`.
 */
export const toAnswer = (request: HttpRequest, answer: Draft): HttpResponse => {
  const { status } = answer;
  if (request.method === 'HEAD' || [204, 205, 304].includes(status)) answer.body = null;
  else if (request.responseType === 'json') {
    const text = answer.body as string | null; // what was asked for as JSON has been read as a text
    const json = text ? parseJson(text) : null;
    if (json !== undefined) answer.body = json;
    else if (status < 400) {
      answer.body = text?.slice(0, QUOTED);
      throw new ResponseParseError('its body is not JSON', { request, response: answer });
    }
  }
  return answer;
};

/** Why a platform did not take a request; quotes nothing of what that has thrown. */
export const whyNot = ({ url }: HttpRequest): string =>
  /^https?:/i.test(url) ? 'this transport can not send it' : 'a relative url needs a page or a baseUrl';
