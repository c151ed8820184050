import { type HttpRequest, isApiError } from 'renewal';
import { Observable } from 'rxjs';
import { ELSEWHERE } from './answers';
import type { Caller, Member } from './happenings';
import { react } from './hooks';
import type { Wish } from './plan';
import { familyIn } from './view';
import type { World } from './world';

/** Who has made a request: its url says so. */
export const callerOf = ({ callers }: World, { url }: HttpRequest): Caller => {
  const caller = callers[Number(url.split('?id=')[1])];
  if (caller) return caller;
  throw new Error(`nobody has asked for ${url}`);
};

const wished$ = ({ member: { session, api }, wish, route, id }: Caller): Observable<unknown> => {
  const url = `${route}?id=${id}`;
  switch (wish) {
    case 'request':
      return api.get$(url);
    case 'public':
      return api.get$(url, { auth: false });
    case 'own header':
      return api.get$(url, { headers: { authorization: 'Bearer own' } });
    case 'foreign':
      return api.get$(`${ELSEWHERE}${url}`);
    case 'refresh$':
      return session.refresh$();
    case 'accessToken$':
      return session.accessToken$();
  }
};

const listen = (world: World, caller: Caller): void => {
  const tell = (outcome: Caller['outcome']): void => {
    const isFirst = caller.outcome === 'open';
    caller.outcome = outcome;
    world.tell('told', caller, isFirst);
    react(world, 'handler', caller.member.index);
  };
  // Made again, so that it can be cancelled while it is being subscribed.
  const wish$ = new Observable((subscriber) => {
    caller.cancel = () => subscriber.unsubscribe();
    wished$(caller).subscribe(subscriber);
  });
  wish$.subscribe({
    next: (value) => tell({ value }),
    error: (error) => tell({ error }),
    complete: () => {
      caller.isComplete = true;
    },
  });
};

/** Whether `refresh` is being called for what the session still is. */
const isCalling = ({ calling }: World, member: Member): boolean =>
  calling?.member === member && calling.generation === member.session.state.generation;

/** A caller belongs to the session that there is now, after a look into the store, if there is one; and to no other. */
const bind = (world: World, caller: Caller): void => {
  const { member } = caller;
  const { status } = member.session.state;
  caller.made ??= familyIn(member.session.state) ?? undefined;
  if (world.isLooking(caller) || status === 'loading') return;
  caller.family ||= familyIn(member.session.state);
};

/**
 * Looks have been answered, and have changed nothing: now it is clear which session those belong to that may have
 * waited for that.
 */
export const bindAll = (world: World): void => {
  for (const caller of world.openCallers()) {
    const { member, made, hasArrived } = caller;
    if (hasArrived && !world.isAsking(member) && familyIn(member.session.state) === made) caller.family ??= made;
  }
};

/**
 * Whoever still waits for a look belongs to the session that there was when it was made, now that the user changes
 * that. Once the look is over, or who asks is on the way out, it belongs to what the look has brought.
 */
export const bindToPast = (world: World, member: Member): void => {
  const family = familyIn(member.session.state);
  const isAsking = world.isAsking(member);
  for (const caller of world.openCallers()) {
    if (caller.member !== member || caller.leaving) continue;
    // A look that has ended the session may have been that of the caller, while another one goes on.
    const mayBeOver = family === null && caller.looks !== world.shelf.looks;
    const isWaiting = isAsking && !mayBeOver;
    // What was made for no session is sent for the one that there is by then.
    caller.family ??= isWaiting ? caller.made : ((caller.made && family) ?? undefined);
  }
};

/** A request has got past the look into the store that comes before anything else. */
export const bound = (world: World, caller: Caller): void => {
  if (caller.isBound || caller.wish !== 'request') return;
  caller.isBound = true;
  bind(world, caller);
  world.tell('bound', caller);
};

/** Who waits for tokens may have come to its session before or after a look into the store that has changed it. */
const rebind = (world: World, caller: Caller): void => {
  const { member, looks, family, wish } = caller;
  const hasLooked = looks !== world.shelf.looks && family !== familyIn(member.session.state);
  if ((hasLooked || world.isAsking(member)) && wish !== 'request') caller.family = undefined;
};

/** A caller has come to its session: what becomes of it is decided by what that is now. */
export const arrive = (world: World, caller: Caller): void => {
  const { member } = caller;
  caller.hasArrived = true;
  caller.before = member.session.state;
  // Who was told of its request has made another session of it in between: it is of the one before.
  const isCrossed = caller.changes !== member.changes;
  if (!isCrossed) bind(world, caller);
  caller.isInside = world.called.has(member) ? 'maybe' : 'no';
  if (isCalling(world, member)) caller.isInside = 'yes';
  caller.reactions = isCrossed ? -1 : world.reactions;
  caller.looks = world.shelf.looks;
};

/** A caller is on its way to the server: with a token where it has been given one. */
export const leave = (caller: Caller, token?: string): void => {
  caller.leaving ??= { token, generation: caller.member.session.state.generation };
};

/** Wants something, and waits for it. */
export const ask = (world: World, member: Member, wish: Wish, route: number): void => {
  const caller: Caller = {
    id: world.callers.length,
    member,
    wish,
    route: `/r${route}`,
    hasArrived: false,
    before: member.session.state,
    changes: member.changes,
    reactions: 0,
    looks: 0,
    isInside: 'no',
    isBound: false,
    isQueued: false,
    isNested: world.nesting > 0,
    made: undefined,
    family: undefined,
    sent: 0,
    leaving: undefined,
    attempt: undefined,
    held: undefined,
    isKept: false,
    isBeingSubscribed: true,
    mayStillLeave: false,
    outcome: 'open',
    isComplete: false,
    cancel: () => {},
  };
  if (wish === 'refresh$' || wish === 'accessToken$') arrive(world, caller);
  world.callers.push(caller);
  world.tell('asking', caller);
  listen(world, caller);
  rebind(world, caller);
  caller.isBeingSubscribed = false;
  world.tell('asked', caller);
};

export const cancel = (world: World, caller: Caller | undefined): void => {
  if (caller?.outcome !== 'open') return;
  const { reactions } = world;
  const open = world.openCalls(caller.member);
  const isLate = caller.isBeingSubscribed || caller.leaving !== undefined;
  caller.outcome = 'cancelled';
  caller.mayStillLeave = true;
  caller.cancel();
  caller.mayStillLeave = isLate;
  world.tell('cancelled', caller, open, reactions);
};

/** The error that the caller has been told, and its code. */
export const errorOf = ({ outcome }: Caller): unknown =>
  typeof outcome === 'object' && 'error' in outcome ? outcome.error : undefined;
export const codeOf = (caller: Caller): string | undefined => {
  const error = errorOf(caller);
  return isApiError(error) ? error.code : undefined;
};

export const nameOf = ({ id, wish, family }: Caller): string =>
  `caller ${id} (${wish}${family ? `, made for ${family}` : ''})`;
