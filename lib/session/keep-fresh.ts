import { concat, defer, EMPTY, ignoreElements, type Observable, of, race, retry, switchMap, timer } from 'rxjs';
import { MAX_TIMER_MS } from '../http/pipeline';
import type { StateMachine } from './state/machine';
import { hasTokens, type Tokens } from './state/session-state';

/**
 * While subscribed, calls `start` whenever a refresh is due, and emits the new tokens of the session. Timers are hints:
 * when a timer fires, `wake$` emits or the state changes, `dueInMs` is called again.
 *
 * @param dueInMs - Milliseconds until the next refresh is due, `Infinity` if none is; while the session is loading,
 *   until `restore` may be called again.
 * @param wait$ - Emits when the session is loaded; errors if that has failed.
 */
export const createKeepFresh = (
  machine: StateMachine,
  state$: StateMachine['state$'],
  dueInMs: () => number,
  start: () => void,
  wake$: Observable<unknown>,
  wait$: Observable<unknown>,
): Observable<Tokens> => {
  const timer$ = (ms: number) => timer(Math.min(ms, MAX_TIMER_MS));

  const tick$: Observable<never> = defer(() => {
    const ms = dueInMs();
    if (ms === Infinity) return EMPTY;
    if (ms > 0) return timer$(ms).pipe(switchMap(() => tick$));
    start();
    return EMPTY;
  });

  const load$ = wait$.pipe(ignoreElements(), retry({ delay: () => race(timer$(dueInMs()), wake$) }));

  return defer(() => {
    let { generation } = machine.state;
    return state$.pipe(
      switchMap((state) => {
        // While a change is being emitted, the subject still replays the state before it.
        const isNew = state.generation > generation;
        generation = Math.max(generation, state.generation);
        if (state.status === 'loading') return load$;
        if (!hasTokens(state)) return EMPTY;
        return concat(isNew ? of(state.tokens) : EMPTY, concat(of(null), wake$).pipe(switchMap(() => tick$)));
      }),
    );
  });
};
