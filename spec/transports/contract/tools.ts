import {
  type Api,
  type ApiError,
  type ApiOptions,
  createApi,
  createSession,
  isApiError,
  memoryStore,
  type SessionOptions,
  type TokenGrant,
} from 'renewal';
import { lastValueFrom, type Observable } from 'rxjs';
import type { Context, Hit, Reply } from './context';

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? `${value}`;
  return text.length > 500 ? `${text.slice(0, 500)}… (${text.length} characters)` : text;
};

const isSame = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [of, ofB] = [Object.entries(a), Object.entries(b)];
  return (
    of.length === ofB.length &&
    Array.isArray(a) === Array.isArray(b) &&
    of.every(([key, value]) => isSame(value, Object(b)[key]))
  );
};

/** Throws unless both are the same value, deeply. */
export const same = (actual: unknown, expected: unknown, what = 'it'): void => {
  if (!isSame(actual, expected)) throw new Error(`${what} is ${show(actual)}, not ${show(expected)}`);
};

/** Throws unless it holds. */
export const holds = (fact: boolean, what: string): void => {
  if (!fact) throw new Error(`it does not hold: ${what}`);
};

/** A client of the server, on the transport that the statement is about. */
export const apiOf = ({ transport, origins }: Context, options: ApiOptions = {}): Api =>
  createApi({ baseUrl: origins.own, transport, ...options });

/** The error that a request of the library ends with; throws if it ends otherwise. */
export const errorOf = async (request$: Observable<unknown>): Promise<ApiError> => {
  const value = await lastValueFrom(request$).catch((error: unknown) => {
    if (isApiError(error)) return error;
    throw error;
  });
  if (isApiError(value)) return value;
  throw new Error(`it is answered with ${show(value)}`);
};

/** A name that no other request has, by which the server tells what it saw. */
export const newId = (): string => `${Math.random()}`.slice(2);

/** A path with a query. */
export const path = (name: string, query: Readonly<Record<string, string>> = {}): string =>
  `/${name}?${new URLSearchParams(query)}`;

/** The path that is answered so. */
export const replyPath = (reply: Reply): string => path('reply', { reply: JSON.stringify(reply) });

const watch = async ({ origins }: Context, query: Readonly<Record<string, string>>): Promise<Hit[]> => {
  const answer = await fetch(`${origins.own}${path('watch', query)}`);
  return answer.json();
};

/** The requests with this id that the server has seen. */
export const hitsOf = (context: Context, id: string): Promise<Hit[]> => watch(context, { of: id });

/**
 * Resolves once `count` requests with this id have come, or once the client has closed the connections on which they
 * waited.
 */
export const until = async (context: Context, id: string, event: 'arrived' | 'closed', count = 1): Promise<void> => {
  await watch(context, { of: id, until: event, count: `${count}` });
};

export const toBase64 = (bytes: ArrayLike<number>): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

export const textToBase64 = (text: string): string => toBase64(new TextEncoder().encode(text));

/** A client that is signed in with `T1`, and how often its session has been renewed, each time to `T2`. */
export const signedIn = (
  context: Context,
  options: ApiOptions = {},
  ofSession: Pick<SessionOptions, 'isExpired'> = {},
): { readonly api: Api; readonly refreshes: () => number } => {
  let refreshes = 0;
  const http = apiOf(context);
  const session = createSession({
    store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
    refresh: ({ refreshToken }) => {
      refreshes++;
      return http.post$<TokenGrant>('/renew', { refreshToken });
    },
    ...ofSession,
  });
  return { api: apiOf(context, { session, ...options }), refreshes: () => refreshes };
};
