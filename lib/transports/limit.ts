import { wholeNumber } from '../http/options';

/** How many bytes a response may have, decoded, unless the caller says otherwise: 512 MiB, about as many as one text can hold. */
export const MAX_BYTES = 512 * 1024 * 1024;

/** A response had more bytes than it may have. */
export class LimitError extends RangeError {}

export const tooLarge = (maxBytes: number): LimitError =>
  new LimitError(`its body has more than ${maxBytes} bytes (maxResponseBytes)`);

/** The option, checked. Throws a `TypeError` that names it. */
export const maxBytesOf = (maxResponseBytes = MAX_BYTES): number => {
  wholeNumber('maxResponseBytes', maxResponseBytes, 1);
  return maxResponseBytes;
};

/** Why no whole response came: a limit of ours says so itself. */
export const lossOf = (cause: unknown): string => (cause instanceof LimitError ? cause.message : 'no complete answer');

/** The options of a transport, checked to be some. Throws a `TypeError`. */
export const optionsOf = <T extends object>(options: T): T => {
  if (!options || typeof options !== 'object') throw new TypeError('options: expected an object');
  return options;
};
