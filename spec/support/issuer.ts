import type { TokenGrant, Tokens } from 'renewal';
import { asyncScheduler, NEVER, type Observable, of } from 'rxjs';

/**
 * The maximum number of calls in one test. Later calls never respond, so that a loop ends and the test can report it.
 */
const MAX_CALLS = 2_000;

/** A scripted `refresh` that counts its calls. It grants tokens for any refresh token: it is no model of a server. */
export interface Issuer {
  /** The times of the calls, by the clock of RxJS. */
  readonly askedAtMs: readonly number[];
  /** The refresh tokens that were presented, in order. */
  readonly presented: readonly (string | undefined)[];
  /** Starts from `T1` and `R1`: grants `T2` and `R2`, then `T3` and `R3`, and so on. */
  readonly refresh: (tokens: Tokens) => Observable<TokenGrant>;
}

/** @param deliver - Delivers the grant, which is the `count`th; by default at once and unchanged. */
export const createIssuer = (
  grant: Partial<TokenGrant> = {},
  deliver: (grant: TokenGrant, count: number) => Observable<TokenGrant> = (granted) => of(granted),
): Issuer => {
  const askedAtMs: number[] = [];
  const presented: (string | undefined)[] = [];
  return {
    askedAtMs,
    presented,
    refresh: ({ refreshToken }) => {
      const count = askedAtMs.push(asyncScheduler.now());
      presented.push(refreshToken);
      const granted = { accessToken: `T${count + 1}`, refreshToken: `R${count + 1}`, ...grant };
      return count > MAX_CALLS ? NEVER : deliver(granted, count);
    },
  };
};
