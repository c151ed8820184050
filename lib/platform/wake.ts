import { defer, filter, fromEvent, merge, NEVER, type Observable } from 'rxjs';
import type { Wake } from '../session/wake';

/** The events of a target that some platforms do not have. */
const events = (target: () => EventTarget | undefined, type: string): Observable<unknown> =>
  defer(() => {
    const found = target();
    return found?.removeEventListener ? fromEvent(found, type) : NEVER;
  });

const globalTarget = () => globalThis as Partial<EventTarget> as EventTarget;
const pageTarget = () => globalThis.document;
const isHidden = (): boolean => pageTarget()?.visibilityState === 'hidden';

/** The signals of a browser; in Node they never emit. No platform object is used before a subscription. */
export const wake: Wake = {
  online$: events(globalTarget, 'online'),
  visible$: merge(
    events(globalTarget, 'pageshow'),
    events(pageTarget, 'visibilitychange').pipe(filter(() => !isHidden())),
  ),
  isHidden,
};
