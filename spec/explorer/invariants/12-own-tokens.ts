import { nameOf } from '../callers';
import type { Caller, Invariant } from '../happenings';
import { familyOf } from '../server';
import { familyIn } from '../view';

/**
 * No request of a sign-in is sent with tokens of another, and no caller gets such tokens. A read of the store decides
 * first to which sign-in a caller belongs.
 */
export const ownTokens: Invariant = {
  number: 12,
  watch: (world) => {
    const { shelf, setup } = world;
    const reactions = new Map<Caller, number>();
    /** What the store held when a caller was about to subscribe. */
    const found = new Map<Caller, string | null>();
    const stored = (): string | null => familyOf(shelf.kept?.accessToken) ?? null;

    /** Whether the session is known: with `version`, a synchronous store has been read. */
    const isKnown = (caller: Caller): boolean =>
      setup.store === 'sync' &&
      setup.hasVersion &&
      shelf.isInstant &&
      !world.isLooking(caller) &&
      reactions.get(caller) === world.reactions;

    const whyOther = (caller: Caller, family: string | null | undefined): string | false => {
      // A refresh that the look has ended releases its lock: the next holder may write before the caller is told.
      const isAsFound = caller.isBeingSubscribed && family === found.get(caller);
      return (
        isKnown(caller) &&
        shelf.kept !== undefined &&
        family !== undefined &&
        family !== stored() &&
        !isAsFound &&
        `${nameOf(caller)} is of ${family} while the store holds ${stored()}`
      );
    };

    return {
      notes: {
        asking: (caller) => {
          reactions.set(caller, world.reactions);
          found.set(caller, stored());
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
          return !!family && familyOf(token) !== family && `${nameOf(caller)} gets ${token}`;
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
