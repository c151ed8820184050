import { type HttpRequest, type HttpResponse, NetworkError, type Transport } from 'renewal';
import { Observable } from 'rxjs';
import { ELSEWHERE, REFRESH_REQUEST, response } from './answers';
import { callerOf, leave } from './callers';
import type { Attempt, Said } from './happenings';
import { react } from './hooks';
import type { Answer } from './plan';
import { familyOf } from './server';
import type { World } from './world';

const saidOf = ({ server, setup }: World, { caller, token }: Attempt, how: Answer): Said<Answer> => {
  if (how !== 'honest') return how;
  return caller.wish !== 'request' || !token || server.takes(token) ? '200' : setup.signal;
};

const ANSWERS: Readonly<Record<Exclude<Said<Answer>, 'network' | 'empty'>, HttpResponse>> = {
  200: response(200, {}),
  401: response(401, null),
  1002: response(200, { code: 1002 }),
  500: response(500, null),
  redirected: response(401, null, { url: `${ELSEWHERE}/r0` }),
};

/** Responds to an attempt, unless it has been given up. */
export const answer = (world: World, attempt: Attempt | undefined, how: Answer): void => {
  if (!attempt?.isOpen) return;
  const said = saidOf(world, attempt, how);
  const { subscriber } = attempt;
  attempt.isOpen = false;
  world.tell('answering', attempt, said);
  if (said === 'network') subscriber.error(new NetworkError('reset', { request: REFRESH_REQUEST }));
  else {
    if (said !== 'empty') subscriber.next(ANSWERS[said]);
    subscriber.complete();
  }
  world.tell('answered', attempt, said);
};

const send = (world: World, request: HttpRequest): Observable<HttpResponse> =>
  new Observable((subscriber) => {
    const caller = callerOf(world, request);
    const { leaving, held } = caller;
    const attempt: Attempt = {
      caller,
      nth: ++caller.sent,
      token: request.headers.authorization?.replace('Bearer ', ''),
      generation: leaving?.generation ?? 0,
      sentMs: world.platform.elapsedMs,
      held,
      subscriber,
      isOpen: true,
    };
    if (caller.family === undefined) caller.family = familyOf(attempt.token) ?? null;
    caller.held = undefined;
    caller.attempt = attempt;
    world.attempts.push(attempt);
    world.tell('sent', attempt);
    caller.leaving = undefined;
    const prepared = world.prepared.answers.shift();
    if (prepared) answer(world, attempt, prepared);
    return () => {
      attempt.isOpen = false;
    };
  });

/** The transport of the client of one session. */
export const transportOf =
  (world: World, index: number): Transport =>
  (request) => {
    const caller = callerOf(world, request);
    leave(caller);
    react(world, 'transport', index, caller);
    return send(world, request);
  };
