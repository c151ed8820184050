import type { SessionState } from 'renewal';
import { codeOf, nameOf } from '../callers';
import type { Attempt, Call, Caller, Invariant, Member } from '../happenings';
import { familyOf } from '../server';
import { familyIn, isAlive, isHeld } from '../view';

/** How long a route that has refused a fresh token starts no further refresh. */
const REMEMBERED_MS = 30_000;

/** What becomes of an attempt whose token was refused. */
type Verdict = 'no' | 'over' | 'again' | 'waits' | 'no or waits';

/**
 * A request is sent again at most once for an expired token, and asks for a refresh only if the token it carried is
 * still the current one.
 */
export const againOnce: Invariant = {
  number: 3,
  watch: (world) => {
    const { platform } = world;
    /** Tokens that the server has refused, or that someone wanted to be replaced. */
    const unwanted = new Set<string>();
    /** When a route refused a fresh token; no one has seen it where the caller had gone. */
    const routes = new Map<string, { readonly atMs: number; readonly elapsedMs: number; readonly isSeen: boolean }>();
    const refused = new Set<Caller>();
    const verdicts = new Map<
      Attempt,
      { readonly verdict: Verdict; readonly state: SessionState; readonly reactions: number }
    >();

    const keyOf = ({ index }: Member, generation: number): string => `${index} ${generation}`;

    /** Whether someone wants new tokens, or has wanted them before it was known which are the old ones. */
    const isAskedFor = (member: Member): boolean =>
      world.callers.some(
        ({ wish, member: of, outcome, before }) =>
          wish === 'refresh$' && of === member && (outcome === 'open' || before.status === 'loading'),
      );

    /**
     * Whether a route remembers that it has refused these tokens: a wall clock that was set may prolong or end that.
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
      // Without ids in the store, what others have renewed is another session.
      if (isKnown === undefined || world.setup.keeps === 'two entries') return 'no or waits';
      return state.generation !== generation && isAlive(state, platform.nowMs) ? 'again' : 'waits';
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
      // A refresh that runs ahead may have ended the session in this same tick.
      const isSame = before.generation === state.generation;
      if (verdict === 'again' && isSame && caller.sent === nth) return 'was not sent again at once';
      if (verdict === 'waits' && state.generation === generation && isAlive(state, platform.nowMs)) {
        return 'is taken to be alive';
      }
      return undefined;
    };

    /** A refresh needs a reason: tokens that were refused, that are too old, or that someone wants to be replaced. */
    const whyNoRefresh = ({ member, tokens }: Call): string | false => {
      const { state } = member.session;
      // A store that has failed at first may hold tokens after all.
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
        // The refresh goes on without the one who has asked for it.
        cancelled: ({ wish, member }) => {
          const { state } = member.session;
          if (wish === 'refresh$' && state.status === 'refreshing') unwanted.add(keyOf(member, state.generation));
        },
        answering: (attempt, said) => {
          const { caller, token } = attempt;
          if (caller.wish !== 'request' || !token || (said !== '401' && said !== '1002')) return;
          refused.add(caller);
          const { state } = caller.member.session;
          if (attempt.nth === 2) remember(attempt, false);
          verdicts.set(attempt, { verdict: judge(attempt), state, reactions: world.reactions });
        },
        told: (caller) => {
          if (caller.attempt?.nth === 2 && codeOf(caller) === 'token-rejected') remember(caller.attempt, true);
        },
        // It may be called again when no one waits for it any longer.
        calling: ({ member }) => {
          if (isAskedFor(member)) unwanted.add(keyOf(member, member.session.state.generation));
        },
      },
      checks: {
        asked: (caller) => {
          const { wish, before, sent, family, outcome, member } = caller;
          if (wish !== 'request' || sent || !world.isForetold(caller)) return false;
          // It was made in a session that has ended before it came to it.
          if (family && familyIn(before) !== family) {
            return outcome === 'open' && `${nameOf(caller)} waits although its session has ended`;
          }
          if (before.status === 'signed-out') return `${nameOf(caller)} waits although the session is signed out`;
          // A refresh that runs ahead may have ended the session in this same tick.
          const isSame = before.generation === member.session.state.generation;
          return isSame && isAlive(before, platform.nowMs) && `${nameOf(caller)} waits although the token lives`;
        },
        leaving: (caller, tokens) => {
          const { state } = caller.member.session;
          if (!isHeld(state) || state.tokens.accessToken !== tokens.accessToken) {
            return `${nameOf(caller)} carries ${tokens.accessToken} while the session has other tokens`;
          }
          return !isAlive(state, platform.nowMs) && `${nameOf(caller)} carries ${tokens.accessToken}, which is dead`;
        },
        sent: ({ caller }) => {
          if (caller.sent > 2) return `${nameOf(caller)} is sent ${caller.sent} times`;
          return caller.sent === 2 && !refused.has(caller) && `${nameOf(caller)} is sent again for no reason`;
        },
        answered: (attempt) => {
          const { verdict, state, reactions } = verdicts.get(attempt) ?? {};
          if (!verdict || !state || reactions !== world.reactions || attempt.caller.outcome === 'cancelled')
            return undefined;
          const why = whyNot(attempt, verdict, state);
          return why && `${nameOf(attempt.caller)}, whose token was refused, ${why}`;
        },
        calling: whyNoRefresh,
      },
    };
  },
};
