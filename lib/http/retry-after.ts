import type { HttpResponse } from './response';

/**
 * The three date formats of RFC 9110 section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`, and the obsolete ones of RFC 850
 * and asctime.
 */
const DATE = /^[A-Z][a-z]+,? .+\d\d:\d\d:\d\d( \d{4}| GMT)$/;

/** The delay of `Retry-After` (RFC 9110 section 10.2.3: seconds in digits, or a date), in milliseconds from `nowMs`. */
export const retryAfterMs = (response: HttpResponse | undefined, nowMs: number): number | undefined => {
  const value = response?.headers['retry-after']?.trim() ?? '';
  let ms = Number.NaN;
  if (/^\d+$/.test(value)) ms = Number(value) * 1000;
  // A date of asctime has no zone and is in GMT.
  else if (DATE.test(value)) ms = Date.parse(value.replace(/( \d{4})$/, '$1 GMT')) - nowMs;
  return ms >= 0 && ms < Infinity ? ms : undefined;
};
