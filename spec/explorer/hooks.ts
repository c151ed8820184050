import { ask, cancel } from './callers';
import { type Caller, Fault, type Member } from './happenings';
import type { Hook, Reaction } from './plan';
import { destroy, signIn, signOut, update } from './sessions';
import { pick, type World } from './world';

/** An error to throw, which must be reported exactly once. */
export const createFault = (world: World, hook: Hook, member: number, caller?: Caller): Fault => {
  const fault = new Fault(world.faults.length + 1, hook, member, caller);
  world.faults.push(fault);
  return fault;
};

/**
 * Runs the reaction of a function of the caller when the library calls it, if a command has set one.
 */
export const react = (world: World, hook: Hook, index: number, caller?: Caller): Reaction | undefined => {
  const reaction = world.rigged.get(hook)?.shift();
  const member = world.members[index];
  if (!reaction || !member) return undefined;
  world.reactions++;
  world.nesting++;
  try {
    perform(world, reaction, hook, member, caller);
  } finally {
    world.nesting--;
  }
  return reaction;
};

const perform = (world: World, reaction: Reaction, hook: Hook, member: Member, caller: Caller | undefined): void => {
  switch (reaction) {
    case 'throw':
      throw createFault(world, hook, member.index, caller);
    case 'request':
    case 'refresh$':
      ask(world, member, reaction, 0);
      break;
    case 'sign out':
      signOut(world, member);
      break;
    case 'sign in A':
    case 'sign in B':
      signIn(world, member, reaction === 'sign in A' ? 'A' : 'B');
      break;
    case 'update':
      update(world, member);
      break;
    case 'cancel':
      cancel(world, pick(world.openCallers(), world.reactions));
      break;
    case 'destroy':
      destroy(world, member);
  }
};
