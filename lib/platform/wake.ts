import { defer, filter, fromEvent, merge, NEVER, type Observable } from 'rxjs';
import type { Wake } from '../session/wake';

/** Events of a target that not every platform has. */
const events = (target: () => EventTarget | undefined, type: string): Observable<unknown> =>
  defer(() => {
    const found = target();
    return found?.removeEventListener ? fromEvent(found, type) : NEVER;
  });

const globalTarget = () => globalThis as Partial<EventTarget> as EventTarget;
const pageTarget = () => globalThis.document;
const isHidden = (): boolean => pageTarget()?.visibilityState === 'hidden';

/** What a browser tells; silent in Node. Touches nothing before someone subscribes. */
export const wake: Wake = {
  online$: events(globalTarget, 'online'),
  visible$: merge(
    events(globalTarget, 'pageshow'),
    events(pageTarget, 'visibilitychange').pipe(filter(() => !isHidden())),
  ),
  isHidden,
};
