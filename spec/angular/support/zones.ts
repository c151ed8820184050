import '@angular/compiler';
import { NgZone } from '@angular/core';
import type { Observable } from 'rxjs';

/** In which zone the events of a stream came. */
export interface Heard {
  readonly isInside: readonly boolean[];
  /** Resolves when it is over. */
  readonly over: Promise<void>;
}

/** Subscribes in the zone that this is called in, and notes for each event whether it comes in Angular's. */
export const hear = (source$: Observable<unknown>): Heard => {
  const isInside: boolean[] = [];
  const note = () => isInside.push(NgZone.isInAngularZone());
  const over = new Promise<void>((resolve) => {
    const end = () => {
      note();
      resolve();
    };
    source$.subscribe({ next: note, error: end, complete: end });
  });
  return { isInside, over };
};
