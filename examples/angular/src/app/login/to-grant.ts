import type { TokenGrant } from 'renewal';
import type { TokenPair } from '../../../../shop/protocol';

/** The life of an access token. The shop does not send it with the token: it is known from its configuration. */
export const TOKEN_LIFE_MS = 600_000;

/** Converts the tokens of the shop to a grant. */
export const toGrant = ({ token, refreshToken }: TokenPair): TokenGrant => ({
  accessToken: token,
  refreshToken,
  expiresInMs: TOKEN_LIFE_MS,
});
