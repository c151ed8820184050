import type { TokenGrant } from 'renewal';

/** What a process is started with. */
export interface ProcessOptions {
  readonly name: string;
  /** Where the store keeps the tokens: a path, or a key. */
  readonly place: string;
  /** The origin of the server. */
  readonly base: string;
}

/** What a process is told to do. */
export type Command =
  | { readonly type: 'sign-in'; readonly grant: TokenGrant }
  | { readonly type: 'sign-out' }
  /** Replies once the session is not signed out, as another process has signed in. */
  | { readonly type: 'await-sign-in' }
  | { readonly type: 'round'; readonly requests: number };

/** What became of the requests of one process. */
export interface RoundResult {
  readonly ok: number;
  /** Failed requests, by the code of their error. */
  readonly failures: Readonly<Record<string, number>>;
  /** From the first request to the last response. */
  readonly tookMs: number;
  /** The session after the round, with the reason if it is over. */
  readonly state: string;
  /** The warnings of the session since the last round. */
  readonly warnings: readonly string[];
}

export interface Reply {
  readonly nth: number;
  readonly result: RoundResult | undefined;
}

export const REFRESH_PATH = '/refresh';
export const NAME_HEADER = 'x-process';
