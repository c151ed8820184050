import type { HttpResponse } from './response';

/** What `Retry-After` asks for (RFC 9110 section 10.2.3: seconds, or a date), in milliseconds from `nowMs`. */
export const retryAfterMs = (response: HttpResponse | undefined, nowMs: number): number | undefined => {
  const value = response?.headers['retry-after'];
  if (!value) return undefined;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - nowMs : seconds * 1000;
  return ms >= 0 && ms < Infinity ? ms : undefined;
};
