import { Subscriber } from 'rxjs';
import { parseJson } from './body';
import type { HttpEvent, HttpResponse } from './response';

/** Registered, so that any transport can use it, of another copy of the package too. */
const TEXT = Symbol.for('renewal.json-text');

/** How much of a text that is not JSON an error keeps. */
const MAX_QUOTED = 200;

/**
 * The body of a response as a transport emits it if JSON was requested: a text that the client parses. The client asks the session's
 * `isExpired` first, so a text that is not JSON (a login page) reaches that too, and only then is a `ResponseParseError`.
 */
export const jsonText = (text: string): object => ({ [TEXT]: text });

/** What the steps of one request know of its newest response: the text of its body, if that is not JSON. */
export interface NotJson {
  notJson?: string | undefined;
}

/**
 * Parses the {@link jsonText} of a response, the step next to the transport; no text is `null`. A text that is not JSON stays a text, and is
 * noted in `scope`: an interceptor may make another response of this one, but keeps the body.
 */
export const parseResponse = (event: HttpEvent, scope: NotJson): HttpEvent => {
  if (event?.type !== 'response') return event;
  // Read from what may be anything, so it is checked below.
  const text: unknown = (event.body as { readonly [TEXT]?: unknown } | null)?.[TEXT];
  if (typeof text !== 'string') return event;
  const json = text ? parseJson(text) : null;
  // The body of an error may be a page.
  scope.notJson = json === undefined && event.status < 400 ? text : undefined;
  return { ...event, body: json === undefined ? text : json };
};

/** Parses what a transport emits. A subscriber, as each operator in its place would cost every request. */
export class Parser extends Subscriber<HttpEvent> {
  constructor(
    subscriber: Subscriber<HttpEvent>,
    readonly scope: NotJson,
  ) {
    super(subscriber);
  }

  override next(event: HttpEvent): void {
    try {
      super.next(parseResponse(event, this.scope));
    } catch (error) {
      // A getter of what a transport has made.
      this.error(error);
    }
  }
}

/** Whether the body is a text although JSON was requested, and no interceptor has replaced it since. */
export const isNotJson = ({ body }: HttpResponse, { notJson }: NotJson): boolean =>
  notJson !== undefined && notJson === body;

/** Such a response with a copy of the beginning of its text: a slice would keep all of it in memory. */
export const withQuote = (response: HttpResponse): HttpResponse => ({
  ...response,
  body: JSON.parse(JSON.stringify(`${response.body}`.slice(0, MAX_QUOTED))),
});
