import '@angular/compiler';
import { type EnvironmentProviders, NgZone, type Provider, provideZoneChangeDetection } from '@angular/core';
import type { TestBed } from '@angular/core/testing';
import type { Observable } from 'rxjs';
import { provide } from './testbed';

/** An injector of an app with zone.js, which the spec has loaded. */
export const provideZoned = (...providers: (Provider | EnvironmentProviders)[]): TestBed =>
  provide(provideZoneChangeDetection(), ...providers);

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
