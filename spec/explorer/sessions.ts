import {
  type ApiEvent,
  anyOf,
  bodyCode,
  createApi,
  createSession,
  type SessionOptions,
  statusCode,
  type TokenGrant,
} from 'renewal';
import { NEVER, Subscription, tap } from 'rxjs';
import { ORIGIN, REFRESH_REQUEST, REFUSALS } from './answers';
import { arrive, bindToPast, bound, callerOf, leave } from './callers';
import { rejected } from './deferred';
import type { Caller, Change, Member } from './happenings';
import { createFault, react } from './hooks';
import type { User } from './plan';
import { refreshOf } from './refreshes';
import { createView, hasTokens } from './view';
import { transportOf } from './wire';
import type { World } from './world';

/** The options of a session. Each of its functions may have a reaction. */
const optionsOf = (world: World, index: number): SessionOptions => {
  const { store, hasRestore, hasIsRefused, refreshAheadMs, refreshTimeoutMs, refreshRetries, releaseConcurrency } =
    world.setup;
  const isDead = anyOf(bodyCode(1002), statusCode(401));
  return {
    refresh: (tokens) => refreshOf(world, index, tokens),
    ...(hasRestore && { restore: () => refreshOf(world, index, undefined) }),
    ...(store !== 'none' && { store: world.shelf.storeFor(index) }),
    isExpired: (response, request) => {
      react(world, 'isExpired', index, request.url === REFRESH_REQUEST.url ? undefined : callerOf(world, request));
      return isDead(response, request);
    },
    ...(hasIsRefused && {
      isRefused: (error: unknown) => {
        react(world, 'isRefused', index);
        return Object.values<unknown>(REFUSALS).includes(error);
      },
    }),
    authorize: (request, tokens) => {
      const caller = callerOf(world, request);
      leave(caller, tokens.accessToken);
      world.tell('leaving', caller, tokens);
      react(world, 'authorize', index, caller);
      return { ...request, headers: { ...request.headers, authorization: `Bearer ${tokens.accessToken}` } };
    },
    onSessionExpired: () => {
      const member = world.members[index];
      if (member) member.expired++;
      return react(world, 'onSessionExpired', index) === 'reject'
        ? rejected(createFault(world, 'onSessionExpired', index))
        : undefined;
    },
    refreshAheadMs,
    refreshTimeoutMs,
    refreshRetries,
    releaseConcurrency,
  };
};

/** Adds a session and its client, without any subscription. */
export const join = (world: World): void => {
  const { members, setup } = world;
  const index = members.length;
  const session = createSession(optionsOf(world, index));
  const api = createApi({
    baseUrl: ORIGIN,
    session,
    timeoutMs: setup.timeoutMs,
    transport: transportOf(world, index),
    interceptors: [
      (request, next) => {
        const caller = callerOf(world, request);
        bound(world, caller);
        caller.isKept = react(world, 'interceptor', index, caller) === 'hang';
        // Requests of other wishes do not use the session.
        if (!caller.isKept && caller.wish === 'request') arrive(world, caller);
        const back = () => react(world, 'interceptor, on its way back', index, caller);
        return caller.isKept ? NEVER : next(request).pipe(tap(back));
      },
    ],
  });
  const member: Member = {
    index,
    session,
    api,
    view: createView(setup),
    listening: new Subscription(),
    isWatched: false,
    isDestroyed: false,
    changes: 0,
    expired: 0,
    requests: new Map(),
    waits: 0,
  };
  members.push(member);
  world.tell('made', member);
};

/** Listens to the states of the session, twice: both listeners have to receive the same states. */
export const watch = (world: World, member: Member): void => {
  const { index, session, view, listening } = member;
  member.isWatched = true;
  listening.add(
    session.state$.subscribe((state) => {
      const before = view.states.at(-1);
      view.see(state, world.platform.nowMs);
      world.tell('published', member, state, before);
      react(world, 'state$', index);
    }),
  );
  listening.add(session.state$.subscribe((state) => view.seeOther(state)));
};

/**
 * Whether its request has emitted no event yet. A read of the store may call back, and requests that are made there
 * emit their events first.
 */
const isComing = ({ isBeingSubscribed, isQueued, wish }: Caller): boolean =>
  isBeingSubscribed && !isQueued && wish !== 'refresh$' && wish !== 'accessToken$';

/** Notes which requests wait: only events show that. */
const note = (world: World, member: Member, event: ApiEvent): void => {
  if (event.type !== 'request') return;
  const { requestId, phase } = event;
  const newest = world.callers.filter((caller) => caller.member === member && isComing(caller)).at(-1);
  // `queued` is the first event of a request.
  if (phase === 'queued' && newest) {
    newest.isQueued = true;
    member.requests.set(requestId, newest);
    bound(world, newest);
  }
  const caller = member.requests.get(requestId);
  if (!caller) return;
  if (phase === 'waiting') caller.held = ++member.waits;
  if (phase === 'sent' || phase === 'resent') leave(caller);
};

export const observe = (world: World, member: Member): void => {
  member.listening.add(
    member.api.events$.subscribe((event) => {
      note(world, member, event);
      world.tell('event', member, event);
      react(world, 'events$', member.index);
    }),
  );
};

export const keepFresh = (world: World, member: Member): void => {
  const subscription = member.session.keepFresh$().subscribe(() => react(world, 'keepFresh$', member.index));
  world.keepers.push({ member, subscription });
};

const follow = (world: World, promise: Promise<void>): void => {
  const followed = { isSettled: false };
  const settle = (): void => {
    followed.isSettled = true;
  };
  world.promises.push(followed);
  promise.then(settle, settle);
};

const change = (world: World, member: Member, how: Change, act: () => void, grant?: TokenGrant): void => {
  world.tell('changing', member, how, grant);
  bindToPast(world, member);
  member.changes++;
  world.changing.push(member);
  act();
  world.changing.pop();
  world.tell('changed', member, how);
};

export const signIn = (world: World, member: Member, user: User): void => {
  const grant = world.server.signIn(user);
  const act = () => follow(world, member.session.signIn(grant));
  // A destroyed session stays destroyed.
  if (member.isDestroyed) act();
  else change(world, member, 'sign in', act, grant);
};

export const signOut = (world: World, member: Member): void => {
  const act = () => follow(world, member.session.signOut());
  if (member.isDestroyed) act();
  else change(world, member, 'sign out', act);
};

/** The server gives out other tokens of the sign-in that the session has. */
export const update = (world: World, { session }: Member): void => {
  const { state } = session;
  if (!hasTokens(state) || !state.tokens.refreshToken) return;
  follow(world, session.update(world.server.renew(state.tokens.refreshToken, 'rotated')));
};

export const destroy = (world: World, member: Member): void =>
  change(world, member, 'destroy', () => {
    member.isDestroyed = true;
    member.session.destroy();
  });
