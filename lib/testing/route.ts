import { defer, from, isObservable, map, type Observable, of, take } from 'rxjs';
import { encodePath, isStatus, type Reply, toWireReply, type WireReply } from './reply';

/** A request as a route of a {@link FakeBackend} gets it. */
export interface FakeRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The value of a JSON body, the text of another one; a form, a blob or bytes as they are; `null` for none. */
  readonly body: unknown;
  /** The user of the access token; `undefined` in a public route without a live token. */
  readonly user: string | undefined;
}

/** Returns a value of JSON or a {@link Reply}, a promise or an Observable of that, or a `Response`. */
export type Route = (request: FakeRequest) => unknown;

/** Whether a route has returned a status with its body, and not a body alone, which may have a status of its own. */
const isReply = (value: unknown): value is Reply => {
  const { status, ...others } = Object(value);
  const keys = Object.keys(others);
  return (
    Number.isInteger(status) &&
    keys.every((key) => key === 'headers' || key === 'body') &&
    (keys.length > 0 || isStatus(status))
  );
};

/** The path of a key as it is in a url. */
export const encodeKey = (key: string): string => key.replace(/\/.*/s, encodePath);

/** Calls a route. Emits the reply that it returns, or that its promise or Observable has first. Errors as it does. */
export const callRoute$ = (route: Route, request: FakeRequest): Observable<WireReply> =>
  defer(() => {
    const result = route(request);
    if (isObservable(result)) return result.pipe(take(1));
    return typeof Object(result).then === 'function' ? from(result as Promise<unknown>) : of(result);
  }).pipe(map((value) => toWireReply(isReply(value) ? value : { body: value })));
