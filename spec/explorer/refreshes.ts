import type { TokenGrant, Tokens } from 'renewal';
import { Observable, type ObservableInput } from 'rxjs';
import { REFUSALS, TROUBLES } from './answers';
import { rejected } from './deferred';
import type { Call, Said } from './happenings';
import { createFault, react } from './hooks';
import type { RefreshAnswer } from './plan';
import type { World } from './world';

const ERRORS = { ...REFUSALS, ...TROUBLES };

const saidOf = ({ server }: World, { tokens }: Call, how: RefreshAnswer): Said<RefreshAnswer> => {
  if (how !== 'honest') return how;
  return tokens && server.isSpent(tokens.refreshToken) ? '400' : 'rotated';
};

/** The grant of the server, if any. */
const grantOf = ({ server }: World, { tokens }: Call, said: Said<RefreshAnswer>): TokenGrant | undefined => {
  switch (said) {
    case 'rotated':
    case 'kept':
    case 'same':
      return tokens ? server.renew(tokens.refreshToken, said) : server.signIn('A');
    case 'lost':
      if (tokens) server.renew(tokens.refreshToken, 'rotated');
  }
  return undefined;
};

/** Responds to a call of `refresh` or `restore`, unless it has been given up. */
export const answerRefresh = (world: World, call: Call | undefined, how: RefreshAnswer): void => {
  if (!call?.isOpen || !call.subscriber) return;
  const { subscriber, member } = call;
  const said = saidOf(world, call, how);
  const grant = grantOf(world, call, said);
  call.isOpen = false;
  member.view.throttledGeneration = said === '429' ? call.generation : undefined;
  world.tell('renewing', call, said, grant);
  if (grant) subscriber.next(grant);
  else if (said === 'malformed') subscriber.next({ accessToken: 'not\na token' });
  else if (said in ERRORS) subscriber.error(ERRORS[said as keyof typeof ERRORS]); // checked by `in`
  subscriber.complete();
};

const end = ({ platform }: World, call: Call): void => {
  const { member, generation } = call;
  call.isOpen = false;
  // A call that the user has ended from inside is not about the session that follows it.
  if (generation === member.session.state.generation) member.view.endedMs ??= platform.nowMs;
};

const call$ = (world: World, call: Call): Observable<TokenGrant> =>
  new Observable((subscriber) => {
    call.subscriber = subscriber;
    subscriber.add(() => {
      end(world, call);
    });
    const prepared = world.prepared.refreshes.shift();
    if (prepared) answerRefresh(world, call, prepared);
  });

/** The result of `refresh`, or of `restore`, which gets no tokens. */
export const refreshOf = (world: World, index: number, tokens: Tokens | undefined): ObservableInput<TokenGrant> => {
  const member = world.members[index];
  if (!member) throw new Error('refresh is called by a session that is being made');
  const { generation } = member.session.state;
  const call: Call = { member, tokens, generation, subscriber: undefined, isOpen: true };
  world.tell('calling', call);
  world.calls.push(call);
  world.called.add(member);
  const before = world.calling;
  world.calling = call;
  try {
    const isRejected = react(world, 'refresh', index) === 'reject';
    call.isOpen = !isRejected;
    return isRejected ? rejected(createFault(world, 'refresh', index)) : call$(world, call);
  } catch (fault) {
    call.isOpen = false;
    throw fault;
  } finally {
    if (!call.isOpen) end(world, call);
    world.calling = before;
  }
};
