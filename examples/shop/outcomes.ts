import { type Api, isApiError } from 'renewal';
import { catchError, defaultIfEmpty, firstValueFrom, forkJoin, map, type Observable, of, timeout } from 'rxjs';
import type { Order } from './protocol';

/** `'response'`, or the reason for its absence: usually the code of an error. */
export type Outcome = string;

/** Requests many orders at once and resolves with the outcome of each. None may take longer than `timeoutMs`. */
export function requestOrders(api: Api, requests: number, timeoutMs: number): Promise<readonly Outcome[]> {
  const ids = Array.from({ length: requests }, (_, index) => (index % 6) + 1);
  return firstValueFrom(forkJoin(ids.map((id) => outcome$(api.get$<Order>(`/orders/${id}`), id, timeoutMs))));
}

function outcome$(order$: Observable<Order>, id: number, timeoutMs: number): Observable<Outcome> {
  return order$.pipe(
    map((order) => (order.id === id ? 'response' : "another caller's response")),
    defaultIfEmpty('no response'),
    timeout({ first: timeoutMs, with: () => of('never settled') }),
    catchError((error: unknown) => of(isApiError(error) ? error.code : 'unknown')),
  );
}

export interface Tally {
  /** Callers that got the order that they requested. */
  readonly responses: number;
  /** Callers that got an error, by its code. */
  readonly errors: Readonly<Record<string, number>>;
}

export function tally(outcomes: readonly Outcome[]): Tally {
  const errors: Record<string, number> = {};
  for (const outcome of outcomes) {
    if (outcome !== 'response') errors[outcome] = (errors[outcome] ?? 0) + 1;
  }
  return { responses: outcomes.filter((outcome) => outcome === 'response').length, errors };
}
