import { type Api, isApiError } from 'renewal';
import { catchError, defaultIfEmpty, firstValueFrom, forkJoin, map, type Observable, of, timeout } from 'rxjs';
import type { Order } from './protocol';

/** `'answer'`, or why there was none: the code of an error, mostly. */
export type Outcome = string;

/** Asks for many orders at once and resolves with what became of each. None may take longer than `timeoutMs`. */
export function requestOrders(api: Api, requests: number, timeoutMs: number): Promise<readonly Outcome[]> {
  const ids = Array.from({ length: requests }, (_, index) => (index % 6) + 1);
  return firstValueFrom(forkJoin(ids.map((id) => outcome$(api.get$<Order>(`/orders/${id}`), id, timeoutMs))));
}

function outcome$(order$: Observable<Order>, id: number, timeoutMs: number): Observable<Outcome> {
  return order$.pipe(
    map((order) => (order.id === id ? 'answer' : "another caller's answer")),
    defaultIfEmpty('no answer'),
    timeout({ first: timeoutMs, with: () => of('never settled') }),
    catchError((error: unknown) => of(isApiError(error) ? error.code : 'unknown')),
  );
}

export interface Tally {
  /** Callers that got the order they had asked for. */
  readonly responses: number;
  /** Callers that got an error, by its code. */
  readonly errors: Readonly<Record<string, number>>;
}

export function tally(outcomes: readonly Outcome[]): Tally {
  const errors: Record<string, number> = {};
  for (const outcome of outcomes) {
    if (outcome !== 'answer') errors[outcome] = (errors[outcome] ?? 0) + 1;
  }
  return { responses: outcomes.filter((outcome) => outcome === 'answer').length, errors };
}
