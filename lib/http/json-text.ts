import { parseJson } from './body';
import type { HttpEvent, HttpResponse } from './response';

/** Registered, so that any transport can use it, of another copy of the package too. */
const TEXT = Symbol.for('renewal.json-text');
const NOT_JSON = Symbol('renewal.not-json');

/** How much of a text that is not JSON an error keeps. */
const MAX_QUOTED = 200;

/**
 * The body of a response as a transport emits it if JSON was requested: a text that the client parses. The client asks the session's
 * `isExpired` first, so a text that is not JSON (a login page) reaches that too, and only then is a `ResponseParseError`.
 */
export const jsonText = (text: string): object => ({ [TEXT]: text });

/**
 * Parses the {@link jsonText} of a response, the step next to the transport; no text is `null`. A text that is not JSON stays a text, and the
 * response is marked; see {@link isNotJson}.
 */
export const parseResponse = (event: HttpEvent): HttpEvent => {
  if (event?.type !== 'response') return event;
  // Read from what may be anything, so it is checked below.
  const text: unknown = (event.body as { readonly [TEXT]?: unknown } | null)?.[TEXT];
  if (typeof text !== 'string') return event;
  const json = text ? parseJson(text) : null;
  if (json !== undefined) return { ...event, body: json };
  // The body of an error may be a page.
  const response: HttpResponse & { [NOT_JSON]?: string } = { ...event, body: text };
  if (event.status < 400) response[NOT_JSON] = text;
  return response;
};

/** Whether the body is a text although JSON was requested, and no interceptor has replaced it since. */
export const isNotJson = (response: HttpResponse & { readonly [NOT_JSON]?: string }): boolean =>
  response[NOT_JSON] !== undefined && response[NOT_JSON] === response.body;

/** Such a response with a copy of the beginning of its text: a slice, or the mark of the response, would keep all of it in memory. */
export const withQuote = ({
  [NOT_JSON]: text = '',
  ...response
}: HttpResponse & { [NOT_JSON]?: string }): HttpResponse => ({
  ...response,
  body: JSON.parse(JSON.stringify(text.slice(0, MAX_QUOTED))),
});
