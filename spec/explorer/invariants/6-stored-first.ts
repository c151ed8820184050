import type { SessionState, TokenGrant } from 'renewal';
import type { Invariant, Member } from '../happenings';
import { GIVEN_UP_MS } from '../shelf';
import { hasTokens } from '../view';

/** The last grant of a session. */
interface Granted extends Pick<TokenGrant, 'accessToken'> {
  readonly generation: number;
  readonly atMs: number;
  /** When the refresh started, and how many writes there were when it ended. */
  readonly startedMs: number | undefined;
  readonly writes: number;
}

/** The new state is final and stored before any waiter is released; writes are done in the order of their calls. */
export const storedFirst: Invariant = {
  number: 6,
  watch: (world) => {
    const { platform, shelf, setup } = world;
    const granted = new Map<Member, Granted>();
    const startedMs = new Map<Member, number>();

    /**
     * Whether so much time has passed that the new tokens may be used without being stored. Only events show when a
     * refresh starts.
     */
    const isGivenUp = ({ atMs, startedMs = -Infinity }: Granted): boolean =>
      platform.elapsedMs - atMs >= GIVEN_UP_MS || platform.elapsedMs - startedMs >= setup.refreshTimeoutMs;
    const whyNotStored = (member: Member, state: SessionState): string | false => {
      const grant = granted.get(member);
      if (!grant || !hasTokens(state) || setup.store === 'none') return false;
      // A later generation has the same token from elsewhere: the grant was not used.
      if (state.generation !== grant.generation + 1 || state.tokens.accessToken !== grant.accessToken) return false;
      const isStored = shelf.writes
        .slice(grant.writes)
        .some(
          ({ member: by, tokens, state }) =>
            by === member.index && tokens?.accessToken === grant.accessToken && state !== 'open',
        );
      // Another session may have got the same token, and have stored it.
      const isThere = shelf.kept?.accessToken === grant.accessToken;
      return !isStored && !isThere && !isGivenUp(grant) && `${grant.accessToken} is used before it is stored`;
    };

    /** The session that has written the tokens in the store has the same tokens. */
    const whyElse = (): string | false => {
      const member = world.members[shelf.lastDone?.member ?? 0];
      if (!shelf.isSound || setup.store === 'none' || !member || member.isDestroyed) return false;
      const { state } = member.session;
      if (state.status === 'loading' || shelf.kept === undefined) return false;
      const has = hasTokens(state) ? state.tokens.accessToken : undefined;
      const { accessToken } = shelf.kept ?? {};
      return accessToken !== has && `the store holds ${accessToken}, and the session has ${has}`;
    };

    return {
      notes: {
        renewing: ({ member }, _, grant) => {
          if (!grant) return;
          const { generation } = member.session.state;
          const { elapsedMs: atMs } = platform;
          granted.set(member, {
            accessToken: grant.accessToken,
            generation,
            atMs,
            startedMs: startedMs.get(member),
            writes: shelf.writes.length,
          });
        },
        event: (member, event) => {
          if (event.type === 'refresh' && event.phase === 'started') startedMs.set(member, platform.elapsedMs);
        },
      },
      checks: {
        published: (member, state, before) => state.generation !== before?.generation && whyNotStored(member, state),
        leaving: ({ member }) => whyNotStored(member, member.session.state),
        left: whyElse,
      },
    };
  },
};
