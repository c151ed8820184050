import { checkOptions } from '../http/options';
import { nowMs } from '../session/clock';
import { type TokenGrant, toTokens } from '../session/grants';
import { createSessionId } from '../session/precedence';
import type { Tokens } from '../session/state';
import type { TokenStore } from '../session/store';
import { createTurns } from './turns';

/**
 * Keeps the tokens in memory: gone with the page or the process. Sessions of one process that share one such store refresh once.
 *
 * @param initial - What the store holds to begin with. Throws a `TypeError` where it is malformed.
 */
export const memoryStore = (initial?: TokenGrant): TokenStore => {
  let kept: Tokens | null =
    initial === undefined
      ? null
      : toTokens(checkOptions(initial, {}, 'initial'), { sessionId: createSessionId(nowMs()) }, nowMs());
  return {
    load: () => kept,
    save: (tokens) => {
      kept = tokens;
    },
    clear: () => {
      kept = null;
    },
    exclusive: createTurns(),
  };
};
