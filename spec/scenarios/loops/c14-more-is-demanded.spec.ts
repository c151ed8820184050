import { statusCode } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import type { Echo } from '../../support/server';
import { createClient, errorOf } from '../../support/server-client';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'C14',
    title: 'A 401 demands a nonce, a stronger login or more scope, and each costs a refresh',
    renewal:
      'A 401 whose challenge says `use_dpop_nonce`, `insufficient_user_authentication` or `insufficient_scope` is the caller’s `HttpStatusError`: a new token would be rejected as well. A custom `isExpired` decides alone.',
  },
  (signal) => {
    const server = withServer(signal);

    const challenge = (value: string): void => {
      const headers = { 'www-authenticate': value };
      server.replies.set('/orders', { status: 401, type: 'application/json', headers, body: '{"message":"no"}' });
    };

    it.each([
      'DPoP error="use_dpop_nonce"',
      'DPoP algs="ES256", error = use_dpop_nonce',
      'Bearer error="insufficient_user_authentication", acr_values="myACR"',
      'Bearer realm="a", error="insufficient_scope", scope="admin"',
      'Basic realm="a", Bearer error="insufficient_scope"',
      'BEARER ERROR="INSUFFICIENT_SCOPE"',
    ])('delivers the response to the caller and does not refresh: %s', async (value) => {
      const { api, session } = createClient(server);
      const { state } = session;
      challenge(value);
      for (let count = 0; count < 5; count++) {
        expect(await errorOf(api.get$('/orders'))).toMatchObject({
          code: 'status',
          status: 401,
          response: { headers: { 'www-authenticate': value } },
        });
      }
      expect(server.refreshes).toBe(0);
      expect(session.state).toBe(state);
    });

    it.each([
      'Bearer',
      'Bearer error="invalid_token"',
      'Bearer error="invalid_token", error_description="insufficient_scope or expired"',
      'Bearer error="insufficient_scope_or_so"',
    ])('refreshes if the challenge demands nothing else: %s', async (value) => {
      const { api } = createClient(server);
      challenge(value);
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'token-rejected' });
      expect(server.refreshes).toBe(1);
    });

    it('refreshes for any 401 if a custom isExpired matches it', async () => {
      const { api } = createClient(server, { isExpired: statusCode(401) });
      challenge('DPoP error="use_dpop_nonce"');
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'token-rejected' });
      expect(server.refreshes).toBe(1);
    });

    it('keeps the session if the refresh itself meets such a challenge', async () => {
      const { api, session } = createClient(server);
      server.live.clear();
      server.refreshReply = { status: 401, headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"' } };
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'refresh' });
      expect(session.state.status).toBe('expired');
      server.refreshReply = undefined;
      session.signIn(server.issue());
      expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ path: '/orders' });
    });
  },
);
