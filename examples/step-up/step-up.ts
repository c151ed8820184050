import {
  type Challenge,
  type HttpEvent,
  type HttpRequest,
  HttpStatusError,
  type Interceptor,
  type Session,
  type TokenGrant,
} from 'renewal';
import {
  defaultIfEmpty,
  defer,
  finalize,
  type Observable,
  type ObservableInput,
  of,
  share,
  switchMap,
  take,
} from 'rxjs';

/** The demand for a stronger or newer login, if the response is one (RFC 9470 section 3). */
const demandOf = (request: HttpRequest, event: HttpEvent): Challenge | undefined => {
  if (event.type !== 'response' || event.status !== 401) return undefined;
  const { challenges } = new HttpStatusError(request, event);
  return challenges.find(({ params }) => params.error === 'insufficient_user_authentication');
};

/**
 * Meets a demand for a stronger login: calls `login`, updates the session, and repeats the request, once. `login` reads
 * `acr_values` and `max_age` of the challenge. Requests that meet the same demand while it runs share it. If it emits
 * nothing, because the user has cancelled, the callers get the demand.
 */
export const stepUp = (session: Session, login: (challenge: Challenge) => ObservableInput<TokenGrant>): Interceptor => {
  /** The logins that are running, by what was demanded. */
  const running = new Map<string, Observable<void>>();

  const login$ = (challenge: Challenge): Observable<void> => {
    const { acr_values = '', max_age = '' } = challenge.params;
    const key = `${acr_values} ${max_age}`;
    const updated$ =
      running.get(key) ??
      defer(() => login(challenge)).pipe(
        take(1),
        switchMap((grant) => session.update(grant)),
        finalize(() => running.delete(key)),
        share(),
      );
    running.set(key, updated$);
    return updated$;
  };

  return (request, next) =>
    next(request).pipe(
      switchMap((event) => {
        const challenge = demandOf(request, event);
        const isRepeatable = !(request.body instanceof ReadableStream); // a stream can be sent only once
        if (!challenge || !isRepeatable) return of(event);
        return login$(challenge).pipe(
          switchMap(() => next(request)),
          defaultIfEmpty(event),
        );
      }),
    );
};
