import { notOurs } from '../support/failure-mode';

// The catalogue entries that need no spec, each with the reason; in the order of their ids.

notOurs({
  id: 'A7',
  title: 'One refresh token for several audiences or scopes',
  renewal:
    'A session has one access token: tokens for several audiences are several sessions, each with its own refresh token.',
  threads: ['auth0/auth0-spa-js#1684'],
});
