import type { TokenGrant, Tokens } from 'renewal';
import { asyncScheduler, NEVER, type Observable, of } from 'rxjs';

/** More in one test: something asks again and again. It gets no answer, so that the test comes to its end and can say so. */
const MAX_CALLS = 2_000;

/** The server's side of a session, in virtual time. */
export interface Issuer {
  /** When it was asked for tokens, by the clock of RxJS. */
  readonly askedAtMs: readonly number[];
  /** The refresh tokens that were presented, in order. */
  readonly presented: readonly (string | undefined)[];
  /** For a session whose first tokens are `T1` and `R1`: hands out `T2` and `R2`, then `T3` and `R3`, and so on. */
  readonly refresh: (tokens: Tokens) => Observable<TokenGrant>;
}

/** @param answer - What becomes of a grant, which is the `count`th, on its way; at once and unchanged without it. */
export const createIssuer = (
  grant: Partial<TokenGrant> = {},
  answer: (grant: TokenGrant, count: number) => Observable<TokenGrant> = (granted) => of(granted),
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
      return count > MAX_CALLS ? NEVER : answer(granted, count);
    },
  };
};
