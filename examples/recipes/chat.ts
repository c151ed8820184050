import type { Api } from 'renewal';
import { sse$ } from 'renewal/stream';
import { type Observable, scan, switchMap, takeUntil, takeWhile } from 'rxjs';

/** The data of an event `delta`: the next words of an answer. The event `done` ends it. */
interface Delta {
  readonly text: string;
}

/** Emits the answer each time it grows, and completes at its end. Unsubscribing closes the connection. */
export const answer$ = (api: Api, question: string): Observable<string> =>
  sse$<Delta>(api, '/chat', { method: 'POST', body: { question }, parse: 'json' }).pipe(
    takeWhile(({ event }) => event !== 'done'),
    scan((answer, { data }) => answer + data.text, ''),
  );

/** Emits the growing answers to the questions of a user. `stop$`, and the next question, end an answer. */
export const answers$ = (api: Api, question$: Observable<string>, stop$: Observable<unknown>): Observable<string> =>
  question$.pipe(switchMap((question) => answer$(api, question).pipe(takeUntil(stop$))));
