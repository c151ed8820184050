import type { TokenGrant } from 'renewal';
import type { TokenPair } from '../../../../shop/protocol';

/** What the shop hands out, as a session takes it. */
export const toGrant = ({ token, refreshToken }: TokenPair): TokenGrant => ({ accessToken: token, refreshToken });
