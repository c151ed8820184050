import { defer, filter, fromEvent, merge, NEVER, type Observable } from 'rxjs';
import type { Wake } from '../session/wake';

/** Events of a target that not every platform has. */
const on = (target: () => EventTarget | undefined, type: string): Observable<unknown> =>
  defer(() => {
    const found = target();
    return found?.removeEventListener ? fromEvent(found, type) : NEVER;
  });

const here = () => globalThis as Partial<EventTarget> as EventTarget;
const page = () => globalThis.document;
const isHidden = (): boolean => page()?.visibilityState === 'hidden';

/** What a browser tells; silent in Node. Touches nothing before someone subscribes. */
export const wake: Wake = {
  online$: on(here, 'online'),
  visible$: merge(on(here, 'pageshow'), on(page, 'visibilitychange').pipe(filter(() => !isHidden()))),
  isHidden,
};
