import type { NgZone, PendingTasks } from '@angular/core';
import type { HttpRequest, Interceptor } from 'renewal';
import { finalize } from 'rxjs';
import { CALLER_ZONE, IS_PRIVATE } from './request-context';
import { across, backHere, outside } from './zone';

/**
 * The outermost interceptor of an api in Angular: a request runs outside Angular's zone, with all timers and refreshes that it may start, and is answered in the
 * zone of whoever subscribed. Until then it is a pending task: a server waits for it before it sends the page.
 *
 * @param isPrivate - Whether the answer to a request is for the session only.
 */
export const zonedRequests =
  (zone: NgZone, tasks: PendingTasks, isPrivate: (request: HttpRequest) => boolean | undefined): Interceptor =>
  (request, next) => {
    const back = backHere(zone);
    // Each request has a context of its own.
    request.context.set(CALLER_ZONE, back).set(IS_PRIVATE, isPrivate(request));
    return across(next(request), outside(zone), back).pipe(finalize(tasks.add()));
  };
