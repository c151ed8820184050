import { REFUSALS } from '../answers';
import { type Invariant, LEGACY, type Member, type Write } from '../happenings';
import { familyOf } from '../server';
import { GIVEN_UP_MS } from '../shelf';
import { familyIn } from '../view';

/** A sign-in or sign-out: of a user, of a legacy app, or what the store held in the beginning. */
interface Act {
  readonly nth: number;
  readonly member: number;
  /** Which family it has begun; `null` for a sign-out. */
  readonly family: string | null;
  /** Acts that its session knew of, and all that was known there. Undefined until the act is over. */
  known: ReadonlySet<Act> | undefined;
  /** The session id that the store keeps of it, if any. */
  id: string | undefined;
  /** What a sign-out has ended. */
  readonly left: Act | undefined;
  /** What the store held when a sign-out cleared it: its session may never have seen that. */
  readonly cleared: Set<Act>;
  /**
   * Whether nobody can insist on it: no user has asked for it, or a session may write over it before anyone has seen
   * it.
   */
  isWeak: boolean;
  /** Whether its session has begun to write it, or was seen to be what it has made of it. */
  isMade: boolean;
  /**
   * Whether it was called off by another act of its session, which began while the session still looked into the store.
   */
  isVoid: boolean;
  /**
   * Whether a session may have written it again, as it could not tell the sign-out of another from a late end of its
   * own.
   */
  mayReturn: boolean;
}

/** Session ids of this form sort by the time of the sign-in. */
const hasOrder = ({ id = '' }: Act): boolean => /^[0-9a-z]{9}\.[0-9a-z]+$/.test(id);

const haveOrder = (act: Act, other: Act): boolean => hasOrder(act) && hasOrder(other);

/** The last sign-in or sign-out that a user made is what every session ends with. */
export const lastAct: Invariant = {
  number: 11,
  watch: (world) => {
    const { shelf, setup, members } = world;
    const acts: Act[] = [];
    const known = new Map<number, Set<Act>>();
    const families = new Map<string, Act>();
    /** Whose tokens a session had last. */
    const held = new Map<number, Act | undefined>();
    const clears = new Map<Write, Act>();
    const refused = new Set<string | null | undefined>();
    /** What sessions had when the store lost what it held: they may write it over anything. */
    const lagging = new Set<string | null | undefined>();
    const renewed = new Set<string | null | undefined>();
    /** Sessions of which a `clear` was done after it had been given up. */
    const late = new Set<number>();
    /** What the store held when it was cleared, by whomever; and what sessions held that then found it empty. */
    const cleared = new Set<Act>();
    /** Sign-outs since the store last held tokens. */
    const ends: Act[] = [];
    /** Acts that are under way, by the sessions that they belong to. */
    const begun = new Map<Member, Act[]>();
    /** What sessions have found in the store since their last act began. */
    const looks = new Map<number, Write | undefined>();
    /** What sessions that were signed out had found when they cleared the store again. */
    const again = new Map<Write, Act | undefined>();
    /** What was written after such a look, and cleared: an empty store holds no id, and looks like a sign-out. */
    const crossed = new Set<Act>();

    const knownTo = (member: number): Set<Act> => {
      const acts = known.get(member) ?? new Set();
      known.set(member, acts);
      return acts;
    };
    const learn = (member: number, act: Act | undefined): void => {
      if (!act || member === LEGACY) return;
      const acts = knownTo(member).add(act);
      for (const each of act.known ?? []) acts.add(each);
    };
    const begin = (member: number, family: string | null, isWeak = false): Act => {
      const left = family ? undefined : held.get(member);
      const marks = { cleared: new Set<Act>(), isWeak, isMade: false, isVoid: false, mayReturn: false };
      const act: Act = { nth: acts.length, member, family, known: undefined, id: undefined, left, ...marks };
      acts.push(act);
      if (family) families.set(family, act);
      return act;
    };
    const actOf = (write: Write | undefined): Act | undefined => {
      if (!write && shelf.hasLost) return undefined;
      if (!write) return families.get(familyOf(shelf.first?.accessToken) ?? '');
      return write.tokens ? families.get(familyOf(write.tokens.accessToken) ?? '') : clears.get(write);
    };
    /**
     * Whether a session that was signed out since may not know any more that it is older: it remembers the sign-in
     * before its own.
     */
    const isForgotten = (act: Act): boolean => acts.filter(({ nth, family }) => family && nth > act.nth).length > 1;
    /**
     * The store has lost what it held: a session that has not seen it yet will not see it any more, and writes again
     * what it has.
     */
    const forget = (): void => {
      const inHand = members.filter(({ isDestroyed }) => !isDestroyed).map(({ session }) => familyIn(session.state));
      for (const family of inHand) lagging.add(family);
      for (const act of acts) {
        const isSeen = act.family ? inHand.includes(act.family) : inHand.every((family) => family === null);
        act.isWeak ||= !isSeen && (act.member === LEGACY || !act.family);
        // Without an order, to one that is signed out of it that is a new sign-in.
        act.mayReturn ||= isSeen && !!act.family && (!hasOrder(act) || isForgotten(act));
        // To one that is signed out of what another writes again, that is over, whatever it may have written over.
        act.mayReturn ||= !act.family && !!act.left && inHand.includes(act.left.family);
      }
    };
    const mark = (act: Act | undefined): void => {
      if (act) act.mayReturn = true;
    };
    const markEnded = (act: Act | undefined): void => {
      if (members.length > 1 && acts.some((end) => !end.family && end.left === act)) mark(act);
    };
    /** What a session knows before its own act: it looks into the store first, if it can do so at once. */
    const close = (act: Act): void => {
      act.known ??= new Set([...knownTo(act.member)].filter(({ nth }) => nth < act.nth));
      learn(act.member, act);
    };

    /** Whether all has been written at once, and is still there. */
    const isInOrder = (): boolean => shelf.isInstant && !shelf.hasLost;
    /** Without `version` and `changes$`, only a refresh looks into the store. */
    const isBlind = setup.changes === 'missing' && !setup.hasVersion;

    const isWeak = (act: Act): boolean => {
      const { member, isWeak } = act;
      // No session goes on with what a legacy app has written before it has seen it: one that cannot read the store
      // writes over it.
      if (isWeak || members[member]?.isDestroyed || (member === LEGACY && !shelf.isSound)) return true;
      // A session that is signed out and never looks does not see what others write after its sign-out, and what it was
      // signed out of is gone.
      return isBlind && !isInOrder() && acts.some((end) => !end.family && (end === act || end.known?.has(act)));
    };

    /** Whether sessions see each write before another one can come. */
    const isSeen = setup.hasVersion || (setup.changes === 'prompt' && setup.isWatched);
    const isAlone = setup.store === 'none' || members.length === 1;

    /**
     * A sign-in after a sign-out that looks older than what was ended cannot be told from a late refresh if that has
     * come, or there are no revisions.
     */
    const isTakenForOlder = (act: Act, other: Act): boolean =>
      (setup.keeps === 'no revision' || renewed.has(act.family)) &&
      !other.family &&
      [...(other.known ?? []), ...other.cleared].some((ended) => haveOrder(act, ended) && `${act.id}` < `${ended.id}`);

    /**
     * Whether those who see tokens of `other`, written late by a session that knew nothing of `act`, can tell that they
     * are the older ones.
     */
    const isTold = (act: Act, other: Act): boolean =>
      !isTakenForOlder(act, other) &&
      (isAlone ||
        isInOrder() ||
        !other.family ||
        (act.left === other && !!other.id) ||
        haveOrder(act.left ?? act, other));

    /**
     * Whether `act` has been ended by a sign-out, or may have been by one before the sign-in `other`, which knew
     * nothing of `act`.
     */
    const mayHaveEnded = (act: Act, other: Act): boolean =>
      cleared.has(act) ||
      acts.some((end) => !end.family && (end.known?.has(act) || (other.known?.has(end) && !act.known?.has(end))));

    /**
     * Whether it was asked for before its session had read the store, and could not be written: it may end whatever
     * that session then finds.
     */
    const isBlindEnd = (act: Act): boolean =>
      !act.family && !act.left && shelf.writes.some((write) => write.state === 'failed' && clears.get(write) === act);

    /** Whether `act` certainly comes after `other`, as everyone can see. */
    const isLater = (act: Act, other: Act): boolean => {
      if (act === other || isWeak(act) || other.mayReturn || isBlindEnd(other)) return false;
      // What it knows by a sign-out alone, which leaves no id behind, may have the later id.
      if (act.known?.has(other)) return isTold(act, other) && !(haveOrder(act, other) && `${act.id}` < `${other.id}`);
      if (other.known?.has(act)) return false;
      if (haveOrder(act, other)) return `${act.id}` > `${other.id}` && !mayHaveEnded(act, other);
      // What is written and seen at once comes in the order in which it is done; not if a clock was set back since a
      // sign-out.
      const isSet = [...(other.known ?? [])].every(
        (each) => !hasOrder(each) || !hasOrder(act) || `${each.id}` < `${act.id}`,
      );
      return isInOrder() && isSeen && act.nth > other.nth && isSet;
    };

    /** Whether every session has what the store held, and nothing is under way that could write over something else. */
    const isAtRest = (act: Act | undefined): boolean =>
      shelf.operations.length + world.calls.filter(({ isOpen }) => isOpen).length === 0 &&
      members.every(({ isDestroyed, session: { state } }) => isDestroyed || familyIn(state) === (act?.family ?? null));

    /** Families that a session may end with; `null` for none. */
    const endings = (acts: readonly Act[]): ReadonlySet<string | null> => {
      const real = acts.filter(({ isVoid }) => !isVoid);
      const newest = real.filter((other) => !real.some((act) => isLater(act, other)));
      // A session that has taken over tokens without an order takes over older ones after them, and anything if those
      // were lost.
      const strays = newest.filter((act) => act.family && !hasOrder(act));
      const last = real.filter(
        (other) =>
          newest.includes(other) || strays.some((act) => act !== other && (shelf.hasLost || !isLater(act, other))),
      );
      const families = new Set(last.map(({ family }) => family));
      // One that a sign-out may have ended has the later id: where it is still held it ends the other, and then turns
      // out to be over itself.
      const isBoth = last.some((act) =>
        last.some((other) => haveOrder(act, other) && `${act.id}` > `${other.id}` && mayHaveEnded(act, other)),
      );
      // What was refused may have been over one that knew nothing of it, or was written over anything that was lost,
      // and leaves an empty store.
      const isUnderRefused = real.some(
        (act) =>
          refused.has(act.family) &&
          (lagging.has(act.family) || last.some((other) => !other.known?.has(act) && !act.known?.has(other))),
      );
      if (isBoth || isUnderRefused || last.some((act) => crossed.has(act))) families.add(null);
      // The server has ended what the user had begun, or no one has begun anything.
      if (last.every(isWeak) || [...families].some((family) => refused.has(family))) families.add(null);
      return families;
    };

    const whyNotLast = (member: Member): string | undefined => {
      const { status } = member.session.state;
      const family = familyIn(member.session.state);
      if (member.isDestroyed || family === undefined) return undefined;
      // It cannot learn of anything, as it never looks.
      if (isBlind && (status === 'signed-out' || setup.exclusive === 'stuck' || setup.exclusive === 'throws'))
        return undefined;
      // What could not be written is known only to the session that has tried to.
      const isAlone = setup.store === 'none' || members.some(isOwed);
      const possible = new Set(endings(setup.store === 'none' ? [...knownTo(member.index)] : acts));
      if (isAlone) for (const family of endings([...knownTo(member.index)])) possible.add(family);
      if (possible.has(family) || (isAlone && setup.store !== 'none' && !isOwed(member))) return undefined;
      return `session ${member.index} ends with ${family}, and the last that a user did was ${[...possible].map(String).join(' or ')}`;
    };

    /** Whether a session's last write has failed, so that the store may not hold what it should. */
    const isOwed = ({ index, isDestroyed }: Member): boolean =>
      !isDestroyed && shelf.writes.filter(({ member }) => member === index).at(-1)?.state === 'failed';

    /** Whether sessions have taken over these in different orders, and none can tell which is the later one. */
    const isContested = (family: string | null | undefined, held: string | null): boolean => {
      const both = [families.get(family ?? ''), families.get(held ?? '')];
      const isKnownTo = (member: Member) => both.every((act) => act && knownTo(member.index).has(act));
      return !isInOrder() && both.some((act) => act && !hasOrder(act)) && members.filter(isKnownTo).length > 1;
    };

    const whyApart = (): string | undefined => {
      if (setup.store === 'none' || isBlind || members.some(isOwed)) return undefined;
      const held = familyOf(shelf.kept?.accessToken) ?? null;
      const other = members.find(
        ({ isDestroyed, session: { state } }) => !isDestroyed && state.status !== 'loading' && familyIn(state) !== held,
      );
      if (!other || isContested(familyIn(other.session.state), held)) return undefined;
      return `session ${other.index} ends with ${familyIn(other.session.state)}, and the store with ${held}`;
    };

    return {
      notes: {
        made: ({ index }) => {
          const { first } = shelf;
          if (index > 0 || !first || setup.store === 'none') return;
          const act = begin(LEGACY, familyOf(first.accessToken) ?? null);
          act.known = new Set();
          act.id = first.sessionId;
        },
        changing: (member, how, grant) => {
          if (how === 'destroy') return;
          for (const outer of begun.get(member) ?? []) {
            const isDone = outer.isMade || familyIn(member.session.state) === outer.family;
            if (!isDone && setup.store !== 'none') outer.isVoid = true;
          }
          looks.delete(member.index);
          const act = begin(member.index, familyOf(grant?.accessToken) ?? null);
          begun.set(member, [...(begun.get(member) ?? []), act]);
        },
        changed: (member, how) => {
          const act = how === 'destroy' ? undefined : begun.get(member)?.pop();
          if (act) close(act);
          else if (shelf.kept === undefined) forget();
        },
        writing: (write) => {
          const { tokens, member: index } = write;
          const member = members[index];
          if (!member) return;
          const act = tokens
            ? families.get(familyOf(tokens.accessToken) ?? '')
            : acts.filter(({ member, family }) => member === index && !family).at(-1);
          const { state } = member.session;
          const isOver = state.status === 'signed-out';
          // Its session may also have been ended by a refusal.
          const isEnd = !isOver || state.reason === 'sign-out';
          const isAgain = !tokens && isOver && isEnd && (!act || act.isMade) && looks.has(index);
          if (isAgain) again.set(write, actOf(looks.get(index)));
          if (!act) return;
          if (!tokens && isEnd) clears.set(write, act);
          if (act.member !== index) return;
          act.isMade = true;
          act.id ??= tokens?.sessionId;
          close(act);
        },
        landed: (write, last) => {
          const { tokens, member } = write;
          const inHand = members.map(({ isDestroyed, session: { state } }) => (isDestroyed ? null : familyIn(state)));
          const isLate = member !== LEGACY && world.platform.elapsedMs - write.startedMs >= GIVEN_UP_MS;
          const before = actOf(last);
          const isUnseen = inHand.some((family, index) => family && index !== member && family !== before?.family);
          // A session that still holds other tokens has not seen what leaves no id behind, and will not see it any
          // more: the ids alone count.
          if (isUnseen && before?.family && before.member === LEGACY) before.isWeak = true;
          for (const end of tokens ? ends.splice(0) : []) end.isWeak ||= isUnseen;
          // A late write of what was ended since, or of that end, may be over another's sign-in that it knows nothing
          // of.
          const isOver = !tokens || acts.some((end) => !end.family && end.left === actOf(write));
          if (isLate && isOver && before && before.member !== member) before.isWeak = true;
          // Nor can others tell that it will be written again.
          const isShared = inHand.some((family, index) => family && family === before?.family && index !== member);
          if (isLate && !tokens && before && isShared) before.isWeak = true;
          // What a session was signed out of comes back over what it has taken over since, and others take it for new.
          if (tokens && isLate && inHand[member]) markEnded(actOf(write));
          if (!tokens) {
            if (before) cleared.add(before);
            if (before && again.has(write) && again.get(write) !== before) crossed.add(before);
            for (const index of late) mark(families.get(inHand[index] ?? ''));
            if (isLate) late.add(member);
            const end = clears.get(write);
            if (end) ends.push(end);
            if (before) end?.cleared.add(before);
          }
          if (member !== LEGACY) return;
          const act = begin(LEGACY, familyOf(write.tokens?.accessToken) ?? null, !shelf.isInstant && !isAtRest(before));
          if (!write.tokens) {
            clears.set(write, act);
            ends.push(act);
          }
          act.known = new Set(before && [before, ...(before.known ?? [])]);
        },
        published: ({ index }, state, before) => {
          const family = familyIn(state);
          const isOverByLook =
            state.status === 'signed-out' && state.reason === 'sign-out' && !shelf.kept && looks.has(index);
          if (family) held.set(index, families.get(family));
          if (family) learn(index, families.get(family));
          // A session that has not looked since its own sign-out learns nothing of what others have written.
          if (!isOverByLook) return;
          learn(index, actOf(shelf.lastDone));
          const ended = families.get((before && familyIn(before)) ?? '');
          if (ended && shelf.writes.some((write) => write.state === 'done' && actOf(write) === ended))
            cleared.add(ended);
        },
        lost: forget,
        looked: (member, found) => {
          looks.set(member, found);
          if (shelf.isInstant && shelf.kept !== undefined) learn(member, actOf(found));
        },
        renewing: ({ member, tokens }, said, grant) => {
          if (said in REFUSALS) refused.add(familyOf(tokens?.accessToken));
          if (!grant) return;
          renewed.add(familyOf(tokens?.accessToken));
          if (tokens) return;
          const act = begin(member.index, familyOf(grant.accessToken) ?? null, true);
          close(act);
        },
      },
      checks: {
        used: () => members.map(whyNotLast).find(Boolean) ?? whyApart(),
      },
    };
  },
};
