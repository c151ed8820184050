import type { Call, Invariant, Member } from '../happenings';

/** At most one refresh per session and refresh token is in flight, if sessions can be coordinated. */
export const oneRefresh: Invariant = {
  number: 1,
  watch: (world) => {
    /** Refresh tokens that have been replaced, by the member that got the response. */
    const spent = new Map<string, Member>();
    const running = new Map<Member, number>();

    return {
      notes: {
        renewing: ({ member, tokens }, said) => {
          if (said === 'rotated' && tokens?.refreshToken) spent.set(tokens.refreshToken, member);
        },
        // The response may be ignored, and then no other session can know of it.
        changing: (member) => {
          for (const [token, by] of spent) if (by === member) spent.delete(token);
        },
      },
      checks: {
        calling: ({ member, tokens }) => {
          const { calls, members, changing, isCoordinated, shelf } = world;
          // Re-entrancy: a store may call back while a sign-in or sign-out writes to it. The old session goes on until
          // the store has the new tokens.
          if (changing.includes(member)) return false;
          const isOther = (call: Call) => call.isOpen && call.subscriber && (call.member === member || isCoordinated);
          if (calls.some(isOther)) return 'two refreshes overlap';
          const by = spent.get(tokens?.refreshToken ?? '');
          const mayShare = isCoordinated && !shelf.hasLost && (by === member || (shelf.isSound && shelf.isPrompt));
          return by && (members.length === 1 || mayShare) && `${tokens?.refreshToken} is presented again`;
        },
        entered: (inside) => inside > 1 && 'two works are inside exclusive',
        event: (member, event) => {
          if (event.type !== 'refresh') return undefined;
          const { phase, refreshId } = event;
          const other = running.get(member);
          if (phase === 'started') {
            running.set(member, refreshId);
            return other !== undefined && `refresh ${refreshId} starts while ${other} runs`;
          }
          running.delete(member);
          return other !== refreshId && `refresh ${refreshId} ends while ${other ?? 'none'} runs`;
        },
        left: () => running.size > 0 && 'a refresh never ends',
      },
    };
  },
};
