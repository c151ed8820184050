import { isApiError } from 'renewal';

/** The text for a failure: the message of the shop, if it sent one. */
export const toText = (error: unknown): string => {
  const { message } = Object(isApiError(error) ? error.response?.body : undefined);
  if (typeof message === 'string') return `The shop says: ${message}.`;
  return 'The shop cannot be reached.';
};
