import { Subscriber } from 'rxjs';
import { parseJson } from './body';
import type { HeldBody } from './held-body';
import type { HttpEvent, HttpResponse } from './response';

/** In the global registry, so that transports of others and of another copy of the package can use it. */
const TEXT = Symbol.for('renewal.json-text');

/** How many characters an error keeps of a text that is not JSON. */
const MAX_QUOTED = 200;

/**
 * The body of a response to a JSON request, as a transport emits it: a text that the client parses. `isExpired` of the
 * session also sees a text that is not JSON, such as a login page; only after that it is a `ResponseParseError`.
 */
export const jsonText = (text: string): object => ({ [TEXT]: text });

/** What is known of a request's newest response. */
export interface NewestResponse {
  /** The text of its body, if that is not JSON. */
  notJson?: string | undefined;
  /** Its body, if that is a stream, until the caller has it. */
  stream?: HeldBody | undefined;
}

/**
 * Parses the {@link jsonText} of a response, next to the transport; an empty text is `null`. A text that is not JSON
 * stays a text and is noted in `newest`: an interceptor may copy the response, but keeps the body.
 */
export const parseResponse = (event: HttpEvent, newest: NewestResponse): HttpEvent => {
  if (event?.type !== 'response') return event;
  // The body may be any value; the text is checked below.
  const text: unknown = (event.body as { readonly [TEXT]?: unknown } | null)?.[TEXT];
  if (typeof text !== 'string') return event;
  const json = text ? parseJson(text) : null;
  // A body that is a page is fine in an error response.
  newest.notJson = json === undefined && event.status < 400 ? text : undefined;
  return { ...event, body: json === undefined ? text : json };
};

/** Parses the responses that a transport emits. A subscriber, because an operator would cost each request more. */
export class Parser extends Subscriber<HttpEvent> {
  constructor(
    subscriber: Subscriber<HttpEvent>,
    readonly newest: NewestResponse,
  ) {
    super(subscriber);
  }

  override next(event: HttpEvent): void {
    try {
      super.next(parseResponse(event, this.newest));
    } catch (error) {
      // A getter of the transport's response threw.
      this.error(error);
    }
  }
}

/** Whether the body is a text although JSON was requested, and no interceptor has replaced it since. */
export const isNotJson = ({ body }: HttpResponse, { notJson }: NewestResponse): boolean =>
  notJson !== undefined && notJson === body;

/**
 * The response with the first characters of its text. Copied through JSON: a slice would keep the whole text in memory.
 */
export const withQuote = (response: HttpResponse): HttpResponse => ({
  ...response,
  body: JSON.parse(JSON.stringify(`${response.body}`.slice(0, MAX_QUOTED))),
});
