import type { SessionState } from 'renewal';
import { codeOf, nameOf } from '../callers';
import type { Attempt, Call, Caller, Invariant, Member } from '../happenings';
import { familyOf } from '../server';
import { familyIn, hasTokens, isAlive } from '../view';

/** How long a route that has rejected a fresh token starts no further refresh. */
const REMEMBERED_MS = 30_000;

/** The outcome of an attempt whose token was rejected. */
type Verdict = 'no' | 'over' | 'replayed' | 'waits' | 'no or waits';

/**
 * A request is replayed at most once for an expired token, and starts a refresh only if its token is still the current
 * token.
 */
export const replayOnce: Invariant = {
  number: 3,
  watch: (world) => {
    const { platform } = world;
    /** Tokens that the server has rejected, or that a caller wanted to be replaced. */
    const unwanted = new Set<string>();
    /** When a route rejected a fresh token. `isSeen` is false if the caller had unsubscribed. */
    const routes = new Map<string, { readonly atMs: number; readonly elapsedMs: number; readonly isSeen: boolean }>();
    const rejected = new Set<Caller>();
    const verdicts = new Map<
      Attempt,
      { readonly verdict: Verdict; readonly state: SessionState; readonly reactions: number }
    >();

    const keyOf = ({ index }: Member, generation: number): string => `${index} ${generation}`;

    /** Whether a caller wants new tokens, or has wanted them before the current tokens were known. */
    const isAskedFor = (member: Member): boolean =>
      world.callers.some(
        ({ wish, member: of, outcome, before }) =>
          wish === 'refresh$' && of === member && (outcome === 'open' || before.status === 'loading'),
      );

    /**
     * Whether the client remembers that a route has rejected these tokens. A wall clock that was set may prolong or end
     * that.
     */
    const isRemembered = (key: string): boolean | undefined => {
      const route = routes.get(key);
      if (!route) return false;
      const { atMs, elapsedMs, isSeen } = route;
      const agoMs = platform.nowMs - atMs;
      const isShort = agoMs >= 0 && agoMs < REMEMBERED_MS;
      const isClear = isShort === platform.elapsedMs - elapsedMs < REMEMBERED_MS && (isSeen || !isShort);
      return isClear ? isShort : undefined;
    };

    const remember = ({ caller, generation }: Attempt, isSeen: boolean): void => {
      const { nowMs: atMs, elapsedMs } = platform;
      routes.set(`${keyOf(caller.member, generation)} ${caller.route}`, { atMs, elapsedMs, isSeen });
    };

    const judge = ({ caller, token, generation }: Attempt): Verdict => {
      const { member, route, sent } = caller;
      const { state } = member.session;
      const key = keyOf(member, generation);
      if (sent === 2) return 'no';
      const isKnown = isRemembered(`${key} ${route}`);
      if (isKnown) return 'no';
      if (familyIn(state) !== familyOf(token)) return isKnown === undefined ? 'no or waits' : 'over';
      if (state.generation === generation) unwanted.add(key);
      // Without ids in the store, the tokens of another tab's refresh are another session.
      if (isKnown === undefined || world.setup.keeps === 'two entries') return 'no or waits';
      return state.generation !== generation && isAlive(state, platform.nowMs) ? 'replayed' : 'waits';
    };

    const whyNot = (
      { caller, generation, nth }: Attempt,
      verdict: Verdict,
      before: SessionState,
    ): string | undefined => {
      const code = codeOf(caller);
      const { state } = caller.member.session;
      if (verdict === 'no' && code !== 'token-rejected') return `got ${code} for its last attempt`;
      if (verdict === 'over' && code !== 'signed-out' && code !== 'session-expired') {
        return `got ${code} although its session is over`;
      }
      // An early refresh may have ended the session in this same tick.
      const isSame = before.generation === state.generation;
      if (verdict === 'replayed' && isSame && caller.sent === nth) return 'was not replayed at once';
      if (verdict === 'waits' && state.generation === generation && isAlive(state, platform.nowMs)) {
        return 'counts as alive';
      }
      return undefined;
    };

    /** A refresh needs a reason: tokens that were rejected, that are too old, or that a caller wants to be replaced. */
    const whyNoRefresh = ({ member, tokens }: Call): string | false => {
      const { state } = member.session;
      // A store that has failed at first may still hold tokens.
      if (state.status === 'loading') return false;
      if (!tokens) return `restore is called while ${state.status}`;
      if (state.status !== 'refreshing') return `refresh is called while ${state.status}`;
      if (state.tokens.accessToken !== tokens.accessToken || state.tokens.refreshToken !== tokens.refreshToken) {
        return world.members.length === 1 && `refresh is given tokens that the session does not have`;
      }
      const isWanted = unwanted.has(keyOf(member, state.generation));
      return (
        !isWanted &&
        !platform.isSet &&
        !member.view.isDue(state, platform.nowMs) &&
        'refresh is called for tokens that are good'
      );
    };

    return {
      notes: {
        asking: ({ wish, member }) => {
          if (wish === 'refresh$') unwanted.add(keyOf(member, member.session.state.generation));
        },
        // The refresh goes on without the caller that has started it.
        cancelled: ({ wish, member }) => {
          const { state } = member.session;
          if (wish === 'refresh$' && state.status === 'refreshing') unwanted.add(keyOf(member, state.generation));
        },
        answering: (attempt, said) => {
          const { caller, token } = attempt;
          if (caller.wish !== 'request' || !token || (said !== '401' && said !== '1002')) return;
          rejected.add(caller);
          const { state } = caller.member.session;
          if (attempt.nth === 2) remember(attempt, false);
          verdicts.set(attempt, { verdict: judge(attempt), state, reactions: world.reactions });
        },
        told: (caller) => {
          if (caller.attempt?.nth === 2 && codeOf(caller) === 'token-rejected') remember(caller.attempt, true);
        },
        // `refresh` may be retried when no caller waits for it any more.
        calling: ({ member }) => {
          if (isAskedFor(member)) unwanted.add(keyOf(member, member.session.state.generation));
        },
      },
      checks: {
        asked: (caller) => {
          const { wish, before, sent, family, outcome, member } = caller;
          if (wish !== 'request' || sent || !world.isForetold(caller)) return false;
          // Its session has ended before the caller reached it.
          if (family && familyIn(before) !== family) {
            return outcome === 'open' && `${nameOf(caller)} waits although its session has ended`;
          }
          if (before.status === 'signed-out') return `${nameOf(caller)} waits although the session is signed out`;
          // An early refresh may have ended the session in this same tick.
          const isSame = before.generation === member.session.state.generation;
          return isSame && isAlive(before, platform.nowMs) && `${nameOf(caller)} waits although the token lives`;
        },
        leaving: (caller, tokens) => {
          const { state } = caller.member.session;
          if (!hasTokens(state) || state.tokens.accessToken !== tokens.accessToken) {
            return `${nameOf(caller)} carries ${tokens.accessToken} while the session has other tokens`;
          }
          return !isAlive(state, platform.nowMs) && `${nameOf(caller)} carries ${tokens.accessToken}, which is dead`;
        },
        sent: ({ caller }) => {
          if (caller.sent > 2) return `${nameOf(caller)} is sent ${caller.sent} times`;
          return caller.sent === 2 && !rejected.has(caller) && `${nameOf(caller)} is replayed for no reason`;
        },
        answered: (attempt) => {
          const { verdict, state, reactions } = verdicts.get(attempt) ?? {};
          if (!verdict || !state || reactions !== world.reactions || attempt.caller.outcome === 'cancelled')
            return undefined;
          const why = whyNot(attempt, verdict, state);
          return why && `${nameOf(attempt.caller)}, whose token was rejected, ${why}`;
        },
        calling: whyNoRefresh,
      },
    };
  },
};
