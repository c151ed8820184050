import type { TokenGrant } from 'renewal';
import type { TokenPair } from '../../../../shop/protocol';

/** How long an access token lives. The shop does not say so with each: whoever runs it has told us. */
export const TOKEN_LIFE_MS = 600_000;

/** What the shop hands out, as a session takes it. */
export const toGrant = ({ token, refreshToken }: TokenPair): TokenGrant => ({
  accessToken: token,
  refreshToken,
  expiresInMs: TOKEN_LIFE_MS,
});
