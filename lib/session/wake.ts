import type { Observable } from 'rxjs';

/** Signals of the platform: when to check again what timers may have missed. */
export interface Wake {
  /** The network is back. */
  readonly online$: Observable<unknown>;
  /** The page is visible again. */
  readonly visible$: Observable<unknown>;
  /** Whether the page is hidden: timers do nothing then. */
  isHidden(): boolean;
}
