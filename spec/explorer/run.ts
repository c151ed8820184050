import { ask, bindAll, cancel } from './callers';
import type { Member } from './happenings';
import { INVARIANTS } from './invariants';
import type { Command, Commands, Plan, Setup } from './plan';
import { answerRefresh } from './refreshes';
import { destroy, join, keepFresh, observe, signIn, signOut, update, watch } from './sessions';
import { familyIn } from './view';
import { answer } from './wire';
import { pick, World } from './world';

/** After so many rounds of responses, or of time, a call that is still open counts as forgotten. */
const MAX_ROUNDS = 200;
const ROUND_MS = 5_000;

const times = (count: number, act: () => void): void => {
  for (let time = 0; time < count; time++) act();
};

const openAttempts = ({ attempts }: World) => attempts.filter(({ isOpen }) => isOpen);
const openCalls = ({ calls }: World) => calls.filter(({ isOpen }) => isOpen);

/** The session that a command is about. */
const memberAt = ({ members }: World, { session }: { readonly session: number }): Member => {
  const member = pick(members, session);
  if (member) return member;
  throw new Error('there is no session');
};

const goOnline = ({ platform, members }: World): void => {
  for (const { view } of members) view.endCoolDown();
  platform.online();
};

const PERFORM: { readonly [Name in keyof Commands]: (world: World, command: Commands[Name]) => void } = {
  ask: (world, command) =>
    times(command.times, () => ask(world, memberAt(world, command), command.wish, command.route)),
  'keep fresh': (world, command) => keepFresh(world, memberAt(world, command)),
  'stop keeping': ({ keepers }, { which }) => pick(keepers, which)?.subscription.unsubscribe(),
  cancel: (world, { which }) => cancel(world, pick(world.openCallers(), which)),
  answer: (world, { which, how }) => answer(world, pick(openAttempts(world), which), how),
  'answer all': (world, { how }) => {
    for (const attempt of openAttempts(world)) answer(world, attempt, how);
  },
  'answer refresh': (world, { which, how }) => answerRefresh(world, pick(openCalls(world), which), how),
  'answer store': ({ shelf }, { which, how }) => pick(shelf.operations, which)?.answer(how),
  'prepare answers': ({ prepared }, { how, times }) => {
    prepared.answers = Array.from({ length: times }, () => how);
  },
  'prepare refreshes': ({ prepared }, { how, times }) => {
    prepared.refreshes = Array.from({ length: times }, () => how);
  },
  'store from now on': ({ shelf }, { how }) => shelf.feel(how),
  expire: (world, command) => world.server.expire(familyIn(memberAt(world, command).session.state)),
  'sign in': (world, command) => signIn(world, memberAt(world, command), command.user),
  'sign out': (world, command) => signOut(world, memberAt(world, command)),
  update: (world, command) => update(world, memberAt(world, command)),
  destroy: (world, command) => destroy(world, memberAt(world, command)),
  time: ({ platform }, { ms }) => platform.advance(ms),
  clock: ({ platform }, { ms }) => platform.set(ms),
  'legacy sign-in': ({ shelf }, { user }) => shelf.overwrite(user),
  'legacy sign-out': ({ shelf }) => shelf.overwrite(null),
  'lose tokens': ({ shelf }) => shelf.lose(),
  deliver: ({ shelf }, { which }) => shelf.deliver(which),
  drop: ({ shelf }, { which }) => shelf.drop(which),
  online: (world) => goOnline(world),
  show: ({ platform }) => platform.show(),
  'next time': ({ rigged }, { hook, reaction }) => {
    rigged.set(hook, [...(rigged.get(hook) ?? []), reaction]);
  },
};

const perform = <Name extends keyof Commands>(world: World, command: Command<Name>): void =>
  PERFORM[command.do](world, command);

const isQuiet = (world: World): boolean => {
  const { shelf, platform } = world;
  const open = openAttempts(world).length + openCalls(world).length + shelf.operations.length + shelf.notices.length;
  return open + platform.timers === 0;
};

/** Delivers all notices, or drops them. */
const deliverAll = ({ shelf, setup }: World): boolean => {
  const count = shelf.notices.length;
  times(count, () => (setup.changes === 'lost' ? shelf.drop(0) : shelf.deliver(0)));
  return count > 0;
};

/** Ends a command. */
const step = (world: World): void => {
  bindAll(world);
  world.tell('stepped');
};

/**
 * Ends all open requests with a response, and unless deadlines are to end them, all refreshes and calls of the store.
 */
const answerAll = (world: World, ending: Setup['ending']): boolean => {
  const isAll = ending === 'answers';
  const operations = isAll ? [...world.shelf.operations] : [];
  const calls = isAll ? openCalls(world) : [];
  const attempts = openAttempts(world);
  for (const operation of operations) operation.answer('done');
  for (const call of calls) answerRefresh(world, call, 'honest');
  for (const attempt of attempts) answer(world, attempt, 'honest');
  return operations.length + calls.length + attempts.length > 0;
};

/** Ends all that is open. Time passes only if nothing else can happen. */
const settle = (world: World, ending: Setup['ending']): void => {
  for (let round = 0; round < MAX_ROUNDS && !isQuiet(world); round++) {
    const isDelivered = deliverAll(world);
    if (!answerAll(world, ending) && !isDelivered) world.platform.advance(ROUND_MS);
    step(world);
  }
};

/** How often each session is used in the end: the others may see its tokens only after it has written them again. */
const USES = 3;
/** At most so often if the store was written during the last use: sessions before its writer have not seen that. */
const MAX_USES = 5;

/** Uses each session, so that it reads the store: for its tokens, or for a refresh if only a refresh makes it read. */
const useAll = (world: World): void => {
  const { setup, members, platform, shelf } = world;
  const wish = setup.hasVersion || setup.changes !== 'missing' ? 'accessToken$' : 'refresh$';
  let written = 0;
  for (let use = 0; use < USES || (use < MAX_USES && shelf.writes.length > written); use++) {
    written = shelf.writes.length;
    // A read that has failed is not repeated at once.
    platform.advance(ROUND_MS);
    goOnline(world);
    platform.show();
    settle(world, 'answers');
    for (const member of members) {
      ask(world, member, wish, 0);
      settle(world, 'answers');
    }
  }
};

const finish = async (world: World): Promise<void> => {
  const { shelf, platform, prepared, rigged, keepers, members, setup } = world;
  rigged.clear();
  prepared.answers = [];
  prepared.refreshes = [];
  shelf.feel('works');
  for (const { subscription } of keepers) subscription.unsubscribe();
  settle(world, setup.ending);
  // `signIn` and `signOut` return promises.
  for (let tick = 0; tick < 5; tick++) await null;
  world.tell('settled');

  for (const caller of world.openCallers()) cancel(world, caller);
  settle(world, 'answers');
  useAll(world);
  world.tell('used');
  for (const { listening } of members) listening.unsubscribe();
  platform.advance(0);
  world.tell('left');
  for (const { session } of members) session.destroy();
  world.tell('destroyed');
};

/** Runs a plan against the real library, and returns the violations in order. */
export const run = async ({ setup, commands }: Plan): Promise<readonly string[]> => {
  const world = new World(setup, INVARIANTS);
  try {
    times(setup.sessions, () => join(world));
    for (const member of world.members) {
      if (setup.isObserved) observe(world, member);
      if (setup.isWatched) watch(world, member);
    }
    for (const command of commands) {
      world.called.clear();
      perform(world, command);
      for (const member of world.members) {
        if (!member.isWatched && member.session.state.status !== 'loading') watch(world, member);
      }
      step(world);
    }
    await finish(world);
    return world.wrongs;
  } finally {
    world.platform.uninstall();
  }
};
