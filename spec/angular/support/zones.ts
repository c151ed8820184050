import '@angular/compiler';
import { NgZone } from '@angular/core';
import type { Observable } from 'rxjs';

/** The zone of each notification of a stream. */
export interface Heard {
  readonly isInside: readonly boolean[];
  /** Resolves when the stream has ended. */
  readonly over: Promise<void>;
}

/** Subscribes in the current zone, and records for each notification whether it is in Angular's zone. */
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
