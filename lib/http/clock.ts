import { asyncScheduler } from 'rxjs';

/** Milliseconds since the epoch, by the scheduler: in a `TestScheduler` its time, elsewhere the wall clock. */
export const nowMs = (): number => asyncScheduler.now();
