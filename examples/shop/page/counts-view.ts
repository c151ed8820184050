import type { Api } from 'renewal';
import { animationFrameScheduler, auditTime, BehaviorSubject } from 'rxjs';
import { type Counts, count, NO_COUNTS } from './counts';
import { pageElement, setText } from './page-element';

export interface CountsView {
  readonly counts: Counts;
  clear(): void;
}

/** Counts the events of a client, and shows the counts once a frame. */
export function showCounts(api: Api): CountsView {
  const counts$ = new BehaviorSubject(NO_COUNTS);
  const elements = {
    sent: pageElement('sent', HTMLElement),
    expired: pageElement('expired', HTMLElement),
    refreshes: pageElement('refreshes', HTMLElement),
    responses: pageElement('responses', HTMLElement),
    errors: pageElement('errors', HTMLElement),
  } satisfies Record<keyof Counts, Element>;
  api.events$.subscribe((event) => counts$.next(count(counts$.value, event)));
  counts$.pipe(auditTime(0, animationFrameScheduler)).subscribe((counts) => {
    setText(elements.sent, `${counts.sent}`);
    setText(elements.expired, `${counts.expired}`);
    setText(elements.refreshes, `${counts.refreshes}`);
    setText(elements.responses, `${counts.responses}`);
    setText(elements.errors, `${counts.errors}`);
  });
  return {
    get counts() {
      return counts$.value;
    },
    clear: () => counts$.next(NO_COUNTS),
  };
}
