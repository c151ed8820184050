import type { NgZone, PendingTasks } from '@angular/core';
import type { Interceptor } from 'renewal';
import { finalize } from 'rxjs';
import { CALLER_ZONE } from './request-context';
import { across, backHere, outside } from './zone';

/**
 * The outermost interceptor of an api in Angular: a request runs outside Angular's zone, with all timers and refreshes that it may start, and is answered in the
 * zone of whoever subscribed. Until then it is a pending task: a server waits for it before it sends the page.
 */
export const zonedRequests =
  (zone: NgZone, tasks: PendingTasks): Interceptor =>
  (request, next) => {
    const back = backHere(zone);
    // Each request has a context of its own.
    request.context.set(CALLER_ZONE, back);
    const isLast = ({ type }: { readonly type: string }) => type === 'response';
    return across(next(request), outside(zone), back, isLast).pipe(finalize(tasks.add()));
  };
