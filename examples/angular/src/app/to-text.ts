import { isApiError } from 'renewal';

/** What to tell people of a failure: what the shop says, where it has said something. */
export const toText = (error: unknown): string => {
  const { message } = Object(isApiError(error) ? error.response?.body : undefined);
  if (typeof message === 'string') return `The shop says: ${message}.`;
  return 'The shop can not be reached just now.';
};
