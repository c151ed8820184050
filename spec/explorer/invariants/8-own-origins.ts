import { isApiError } from 'renewal';
import { codeOf, errorOf, nameOf } from '../callers';
import type { Attempt, Caller, Invariant } from '../happenings';
import { TOKEN } from '../server';

/** What a request has to carry; one that is part of a refresh carries nothing. */
const due = ({ wish, leaving, isInside }: Caller): string | undefined => {
  if (wish === 'own header') return 'own';
  return wish === 'request' && isInside !== 'yes' ? leaving?.token : undefined;
};

/**
 * The token goes only to allowed origins, decided again for each attempt and each redirect; and into no event and no
 * error.
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
          `${nameOf(attempt.caller)} takes the answer of another origin for one of its own`,
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
