import { NetworkError } from '../http/errors';
import { type Check, checkCount } from '../http/options';
import type { HttpRequest } from '../http/request';

/** Default limit of a decoded response, in bytes: 512 MiB, about as much as one string can hold. */
export const DEFAULT_MAX_BYTES = 512 * 1024 * 1024;

/** The response exceeds the limit. */
export class LimitError extends RangeError {}

export const tooLarge = (maxBytes: number): LimitError =>
  new LimitError(`the response body has more than ${maxBytes} bytes (maxResponseBytes)`);

export const checkMaxBytes: Check = (name, value) => checkCount(1)(name, value);

/** The error of a request whose response is missing or incomplete; an exceeded limit is named. */
export const toNetworkError = (request: HttpRequest, cause: unknown, hint = ''): NetworkError =>
  new NetworkError(cause instanceof LimitError ? cause.message : `no complete response${hint}`, { request, cause });
