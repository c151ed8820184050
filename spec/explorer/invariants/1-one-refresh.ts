import type { Call, Invariant, Member } from '../happenings';

/** At most one refresh per session and refresh token is in flight, wherever that can be coordinated. */
export const oneRefresh: Invariant = {
  number: 1,
  watch: (world) => {
    /** Refresh tokens that have been replaced, and who has been told so. */
    const spent = new Map<string, Member>();
    const running = new Map<Member, number>();

    return {
      notes: {
        renewing: ({ member, tokens }, said) => {
          if (said === 'rotated' && tokens?.refreshToken) spent.set(tokens.refreshToken, member);
        },
        // The answer may go nowhere, and no one else can know of it.
        changing: (member) => {
          for (const [token, by] of spent) if (by === member) spent.delete(token);
        },
      },
      checks: {
        calling: ({ member, tokens }) => {
          const { calls, isCoordinated, shelf, changing } = world;
          // One that is just being ended has to see the new tokens in the store before it lets go.
          const isOther = (call: Call) => (call.member === member ? !changing.includes(member) : isCoordinated);
          if (calls.some((call) => call.isOpen && call.subscriber && isOther(call))) return 'two refreshes overlap';
          const by = spent.get(tokens?.refreshToken ?? '');
          const isAlone = world.members.length === 1;
          const mustKnow = by && (isAlone || (isCoordinated && (by === member || (shelf.isSound && shelf.isPrompt))));
          return mustKnow && `${tokens?.refreshToken} is presented again`;
        },
        entered: (inside) => inside > 1 && 'two are inside exclusive',
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
