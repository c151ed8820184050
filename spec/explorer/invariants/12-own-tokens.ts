import { nameOf } from '../callers';
import type { Caller, Invariant } from '../happenings';
import { familyOf } from '../server';
import { familyIn } from '../view';

/**
 * No request of one sign-in leaves with tokens of another, nor is anyone given such tokens; whose it is, a look into
 * the store says first.
 */
export const ownTokens: Invariant = {
  number: 12,
  watch: (world) => {
    const { shelf, setup } = world;
    const reactions = new Map<Caller, number>();

    /** With `version`, a store that answers at once has been looked at: the session is the one that it holds. */
    const isKnown = (caller: Caller): boolean =>
      setup.store === 'sync' &&
      setup.hasVersion &&
      shelf.isInstant &&
      !world.isLooking(caller) &&
      reactions.get(caller) === world.reactions;

    const whyOther = (caller: Caller, family: string | null | undefined): string | false => {
      const held = familyOf(shelf.kept?.accessToken) ?? null;
      return (
        isKnown(caller) &&
        shelf.kept !== undefined &&
        family !== undefined &&
        family !== held &&
        `${nameOf(caller)} is of ${family} while the store holds ${held}`
      );
    };

    return {
      notes: {
        asking: (caller) => {
          reactions.set(caller, world.reactions);
        },
      },
      checks: {
        bound: (caller) => !caller.member.isDestroyed && whyOther(caller, familyIn(caller.member.session.state)),
        sent: ({ caller, token }) => {
          const { wish, isInside, family } = caller;
          if (wish !== 'request' || (isInside !== 'no' && !token)) return false;
          return family !== (familyOf(token) ?? null) && `${nameOf(caller)} carries ${token}`;
        },
        told: (caller) => {
          const { outcome, wish, family, isBeingSubscribed } = caller;
          if (typeof outcome !== 'object' || !('value' in outcome)) return false;
          const token = given(wish, outcome.value);
          if (!token) return false;
          if (isBeingSubscribed) return whyOther(caller, familyOf(token));
          return !!family && familyOf(token) !== family && `${nameOf(caller)} is given ${token}`;
        },
      },
    };
  },
};

/** The token that `refresh$` or `accessToken$` has emitted. */
const given = (wish: Caller['wish'], value: unknown): string | undefined => {
  if (wish === 'accessToken$') return `${value}`;
  return wish === 'refresh$' ? Object(value).accessToken : undefined;
};
