import { asyncScheduler, defer, finalize, tap } from 'rxjs';
import { codeOf, redactUrl } from '../http/errors';
import { check } from '../http/options';
import type { HttpRequest, Interceptor } from '../http/request';

/** Query parameters whose values are shown, in any case. */
const SHOWN_PARAMS =
  /^(page|page[-_]?(size|number)|per[-_]?page|limit|offset|skip|take|size|sort|sort[-_]?by|order|order[-_]?by|lang|locale)$/i;

/** Headers whose values are shown. */
const SHOWN_HEADERS =
  /^(accept|accept-encoding|accept-language|age|cache-control|content-(encoding|language|length|type)|date|retry-after|traceparent|vary|x-request-id)$/;

/** What the name of a parameter looks like; a longer or a stranger one may be a secret without a name. */
const PLAIN_NAME = /^[\w[\]-]{1,32}$/;

const shownParam = ([name, value]: [string, string]): string => {
  if (SHOWN_PARAMS.test(name)) return `${name}=${encodeURIComponent(value)}`;
  return value && PLAIN_NAME.test(name) ? `${name}=…` : '…';
};

const shownUrl = (url: string): string => {
  const query = /^[^?#]*\?([^#]*)/.exec(url)?.[1];
  return redactUrl(url) + (query ? `?${Array.from(new URLSearchParams(query), shownParam).join('&')}` : '');
};

/** The headers that are shown; the others are one `…`. */
const shownHeaders = (mark: string, headers: HttpRequest['headers']): string => {
  const all = Object.entries(headers);
  const shown = all.filter(([name]) => SHOWN_HEADERS.test(name)).map(([name, value]) => `${name}: ${value}`);
  if (shown.length < all.length) shown.push('…');
  return shown.length > 0 ? ` ${mark} ${shown.join(', ')}` : '';
};

/**
 * Writes one line when a request has its answer, fails or is unsubscribed: the method, the url, the status, the `code` of the error or
 * `cancelled`, how long it took, the headers that went `>` and those that came `<`.
 *
 * `GET https://shop.example/orders?page=2&token=… 200 34 ms > accept: application/json < content-type: application/json, …`
 *
 * Only what is known to be harmless is shown, everything else is `…`, and bodies never are:
 * - of the query the values of `page`, `pageSize`, `pageNumber`, `perPage` (`page_size`, `per-page` …), `limit`, `offset`, `skip`, `take`, `size`,
 *   `sort`, `sortBy`, `order`, `orderBy`, `lang` and `locale`;
 * - the headers `accept`, `accept-encoding`, `accept-language`, `age`, `cache-control`, `content-encoding`, `content-language`, `content-length`,
 *   `content-type`, `date`, `retry-after`, `traceparent`, `vary` and `x-request-id`.
 *
 * The path is shown as it is. What interceptors after this one add to the request, such as the token, is not seen here, nor is what they
 * send again: place it last to see each attempt. A `write` that throws hurts no request.
 *
 * @example
 * ```ts
 * createApi({ session, interceptors: [renewal.logRequests((line) => logger.debug({ line }))] });
 * ```
 */
export const logRequests = (write: (line: string) => void): Interceptor => {
  check(typeof write === 'function', 'write', 'a function');

  return (request, next) =>
    defer(() => {
      const startedAtMs = asyncScheduler.now();
      let isWritten = false;
      const settle = (outcome: number | string, headers: HttpRequest['headers'] = {}): void => {
        if (isWritten) return;
        isWritten = true;
        // A clock may be set back.
        const ms = Math.max(0, Math.round(asyncScheduler.now() - startedAtMs));
        try {
          const line = `${request.method} ${shownUrl(request.url)} ${outcome} ${ms} ms`;
          // One request, one line.
          write((line + shownHeaders('>', request.headers) + shownHeaders('<', headers)).replace(/\p{Cc}+/gu, ' '));
        } catch {}
      };
      return next(request).pipe(
        tap({
          next: (event) => event.type === 'response' && settle(event.status, event.headers),
          error: (error) => settle(codeOf(error)),
          complete: () => settle('no response'),
        }),
        finalize(() => settle('cancelled')),
      );
    });
};
