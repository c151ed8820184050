import '@angular/compiler';
import { expect, it } from 'vitest';
import { createBackend, expire, renew, tokenOf } from '../../angular/support/backend';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';

failureMode(
  {
    id: 'M2',
    title: 'A long-lived stream of tokens sends finished requests again (no `take(1)`)',
    renewal: 'A request takes one token for each attempt and is done with its response: later tokens do not affect it.',
    threads: [
      'angular/angular#39038',
      'manfredsteyer/angular-oauth2-oidc#992',
      'auth0-blog/angular-auth0-aside#11',
      'source-inc/ng-oidc-client#32',
    ],
  },
  (signal) => {
    it('sends nothing more for a completed request, whatever happens to the token', () => {
      const harness = createBackend();
      const { http, session, backend } = harness;
      const outcome = outcomeOf(http.get('/orders'));
      expire(backend.expectOne('/orders'), signal);
      renew(harness);
      backend.expectOne('/orders').flush('answer');
      expect(outcome).toEqual({ values: ['answer'], isComplete: true });

      for (const token of ['T3', 'T4', 'T5', 'T6', 'T7']) {
        session.refresh$().subscribe();
        renew(harness, token);
      }
      session.signIn({ accessToken: 'T8' });
      expect(session.state).toMatchObject({ tokens: { accessToken: 'T8' } });
      backend.verify();
      expect(outcome).toEqual({ values: ['answer'], isComplete: true });
    });

    it('sends a request in flight no second time when a new token arrives', () => {
      const harness = createBackend();
      const { http, session, backend } = harness;
      const outcome = outcomeOf(http.get('/orders'));
      const request = backend.expectOne('/orders');
      expect(tokenOf(request)).toBe('T1');
      session.refresh$().subscribe();
      renew(harness);
      backend.expectNone('/orders');
      request.flush('answer');
      expect(outcome).toEqual({ values: ['answer'], isComplete: true });
    });
  },
);
