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

/** A name that may be shown. A longer or unusual name may be a secret without a name. */
const PLAIN_NAME = /^[\w[\]-]{1,32}$/;

const shownParam = ([name, value]: [string, string]): string => {
  if (SHOWN_PARAMS.test(name)) return `${name}=${encodeURIComponent(value)}`;
  return value && PLAIN_NAME.test(name) ? `${name}=…` : '…';
};

const shownUrl = (url: string): string => {
  const query = /^[^?#]*\?([^#]*)/.exec(url)?.[1];
  return redactUrl(url) + (query ? `?${Array.from(new URLSearchParams(query), shownParam).join('&')}` : '');
};

/** The headers that are shown; one `…` stands for the others. */
const shownHeaders = (mark: string, headers: HttpRequest['headers']): string => {
  const all = Object.entries(headers);
  const shown = all.filter(([name]) => SHOWN_HEADERS.test(name)).map(([name, value]) => `${name}: ${value}`);
  if (shown.length < all.length) shown.push('…');
  return shown.length > 0 ? ` ${mark} ${shown.join(', ')}` : '';
};

/**
 * Writes one line when a request has its response, fails or is unsubscribed: the method; the url; the status, the
 * `code` of the error or `cancelled`; the duration; the request headers after `>` and the response headers after `<`.
 *
 * `GET https://shop.example/orders?page=2&token=… 200 34 ms > accept: application/json < content-type:
 * application/json, …`
 *
 * Bodies are never shown. Only these values are shown, and `…` for all others:
 * - of the query: `page`, `pageSize`, `pageNumber`, `perPage` (`page_size`, `per-page` …), `limit`, `offset`, `skip`,
 *   `take`, `size`, `sort`, `sortBy`, `order`, `orderBy`, `lang` and `locale`;
 * - of the headers: `accept`, `accept-encoding`, `accept-language`, `age`, `cache-control`, `content-encoding`,
 *   `content-language`, `content-length`, `content-type`, `date`, `retry-after`, `traceparent`, `vary` and
 *   `x-request-id`.
 *
 * The path is shown unchanged. The log has no headers that later interceptors add, such as the token, and no attempts
 * that they repeat: place it last to log each attempt. An error that `write` throws is ignored.
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
