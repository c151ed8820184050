import type { HttpResponse } from './response';

/** The three forms of a date (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`, and the obsolete ones of RFC 850 and of asctime. */
const DATE = /^[A-Z][a-z]+,? .+\d\d:\d\d:\d\d( \d{4}| GMT)$/;

/** What `Retry-After` asks for (RFC 9110 section 10.2.3: digits for seconds, or a date), in milliseconds from `nowMs`. */
export const retryAfterMs = (response: HttpResponse | undefined, nowMs: number): number | undefined => {
  const value = response?.headers['retry-after']?.trim() ?? '';
  let ms = Number.NaN;
  if (/^\d+$/.test(value)) ms = Number(value) * 1000;
  // A date without a zone, as asctime writes it, is in GMT.
  else if (DATE.test(value)) ms = Date.parse(value.replace(/( \d{4})$/, '$1 GMT')) - nowMs;
  return ms >= 0 && ms < Infinity ? ms : undefined;
};
