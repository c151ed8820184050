// Types only: checked by `npm run types`, never run.
import type {
  Api,
  ApiError,
  HttpEvent,
  HttpResponse,
  HttpStatusError,
  RefreshError,
  Session,
  SessionState,
  Tokens,
} from 'renewal';
import { createApi, createSession, isApiError } from 'renewal';
import type { Observable } from 'rxjs';
import { expectTypeOf } from 'vitest';

interface Order {
  readonly id: string;
}

export const whatRequestsEmit = (api: Api, session: Session): void => {
  expectTypeOf(api.get$<Order>('/a')).toEqualTypeOf<Observable<Order>>();
  expectTypeOf(api.post$('/a', {})).toEqualTypeOf<Observable<unknown>>();
  expectTypeOf(api.request$<Order>('GET', '/a')).toEqualTypeOf<Observable<HttpResponse<Order>>>();
  expectTypeOf(api.request$<Order>('GET', '/a', { reportProgress: true })).toEqualTypeOf<
    Observable<HttpEvent<Order>>
  >();
  expectTypeOf(session.refresh$()).toEqualTypeOf<Observable<Tokens>>();
};

export const errorsNarrowByCode = (error: unknown): void => {
  if (isApiError(error, 'status')) expectTypeOf(error).toEqualTypeOf<HttpStatusError>();
  if (isApiError(error) && error.code === 'refresh') expectTypeOf(error).toEqualTypeOf<RefreshError>();
  if (isApiError(error)) expectTypeOf(error).toExtend<ApiError>();
};

export const statesNarrowByStatus = (state: SessionState): unknown => {
  if (state.status === 'active') expectTypeOf(state.tokens).toEqualTypeOf<Tokens>();
  // @ts-expect-error a signed-out session has no tokens
  return state.status === 'signed-out' && state.tokens;
};

export const wrongOptions = (api: Api): void => {
  // @ts-expect-error refresh is required
  createSession({});
  // @ts-expect-error a duration is a number
  createApi({ timeoutMs: '5' });
  // @ts-expect-error there is no such option
  api.get$('/a', { retries: 3 });
  // @ts-expect-error a GET has no body
  api.get$('/a', { body: {} });
};
