import type { Api } from 'renewal';
import { animationFrameScheduler, auditTime, BehaviorSubject } from 'rxjs';
import { type Counts, count, NONE } from './counts';
import { part, show } from './part';

export interface CountsView {
  readonly counts: Counts;
  clear(): void;
}

/** Counts what a client does, and shows it once a frame. */
export function showCounts(api: Api): CountsView {
  const counts$ = new BehaviorSubject(NONE);
  const shown = {
    sent: part('sent', HTMLElement),
    expired: part('expired', HTMLElement),
    refreshes: part('refreshes', HTMLElement),
    answers: part('answers', HTMLElement),
    errors: part('errors', HTMLElement),
  } satisfies Record<keyof Counts, Element>;
  api.events$.subscribe((event) => counts$.next(count(counts$.value, event)));
  counts$.pipe(auditTime(0, animationFrameScheduler)).subscribe((counts) => {
    show(shown.sent, `${counts.sent}`);
    show(shown.expired, `${counts.expired}`);
    show(shown.refreshes, `${counts.refreshes}`);
    show(shown.answers, `${counts.answers}`);
    show(shown.errors, `${counts.errors}`);
  });
  return {
    get counts() {
      return counts$.value;
    },
    clear: () => counts$.next(NONE),
  };
}
