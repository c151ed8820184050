import '@angular/compiler';
import { NgZone } from '@angular/core';
import type { Observable } from 'rxjs';

/** The zone of each notification of a stream. */
export interface ZoneLog {
  readonly isInside: readonly boolean[];
  /** Resolves when the stream has ended. */
  readonly over: Promise<void>;
}

/** Subscribes in the current zone, and records for each notification whether it is in Angular's zone. */
export const recordZones = (source$: Observable<unknown>): ZoneLog => {
  const isInside: boolean[] = [];
  const record = () => isInside.push(NgZone.isInAngularZone());
  const over = new Promise<void>((resolve) => {
    const end = () => {
      record();
      resolve();
    };
    source$.subscribe({ next: record, error: end, complete: end });
  });
  return { isInside, over };
};
