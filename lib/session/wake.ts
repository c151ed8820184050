import type { Observable } from 'rxjs';

/** When to look again at what timers may have missed: signals of the platform. */
export interface Wake {
  /** The network is back. */
  readonly online$: Observable<unknown>;
  /** Someone looks at the page again. */
  readonly visible$: Observable<unknown>;
  /** Whether no one looks at the page: nothing is done on a timer then. */
  isHidden(): boolean;
}
