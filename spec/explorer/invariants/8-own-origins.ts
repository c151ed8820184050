import { isApiError } from 'renewal';
import { codeOf, errorOf, nameOf } from '../callers';
import type { Attempt, Caller, Invariant } from '../happenings';
import { TOKEN } from '../server';

/** The token that a request has to carry. A request that is part of a refresh carries none. */
const due = ({ wish, leaving, isInside }: Caller): string | undefined => {
  if (wish === 'own header') return 'own';
  return wish === 'request' && isInside !== 'yes' ? leaving?.token : undefined;
};

/**
 * The token is sent only to allowed origins, decided for each attempt and each redirect; no event and no error holds
 * it.
 */
export const ownOrigins: Invariant = {
  number: 8,
  watch: (world) => {
    const reactions = new Map<Attempt, number>();
    return {
      notes: {
        answering: (attempt) => {
          reactions.set(attempt, world.reactions);
        },
      },
      checks: {
        sent: ({ caller, token }) => token !== due(caller) && `${nameOf(caller)} carries ${token}`,
        answered: (attempt, said) =>
          said === 'redirected' &&
          attempt.caller.outcome !== 'cancelled' &&
          reactions.get(attempt) === world.reactions &&
          codeOf(attempt.caller) !== 'status' &&
          `${nameOf(attempt.caller)} counts the response of another origin as expired`,
        event: (_, event) => {
          const text = JSON.stringify(event);
          return TOKEN.test(text) && `an event holds a token: ${text}`;
        },
        told: (caller) => {
          const error = errorOf(caller);
          const text = isApiError(error) ? `${error.message} ${JSON.stringify(error)}` : '';
          return TOKEN.test(text) && `an error holds a token: ${text}`;
        },
      },
    };
  },
};
