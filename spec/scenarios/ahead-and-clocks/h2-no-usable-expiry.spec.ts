import { createSession, memoryStore, oauthRefresh, type TokenGrant, type TokenStore, type Tokens } from 'renewal';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { createRecorder, outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { createVirtualClient, response, type VirtualClient } from '../../support/virtual';
import { createWallClock } from '../../support/wall-clock';

const UNKNOWN: readonly unknown[] = [
  undefined,
  null,
  '3600',
  'soon',
  Number.NaN,
  -1,
  0,
  Infinity,
  -Infinity,
  {},
  [3600],
];

const jwt = (claims: string): string => `e30.${btoa(claims)}.x`;

const TOKENS: Readonly<Record<string, string>> = {
  'an opaque token': 'opaque',
  'a JWT without exp': jwt('{"iat":100}'),
  'a JWT without iat whose exp is over': jwt('{"exp":100}'),
  'a JWT without iat that ends before its nbf': jwt('{"nbf":200,"exp":100}'),
  'a JWT whose exp is a string': jwt('{"iat":100,"exp":"soon"}'),
  'a JWT whose exp is infinite': jwt('{"iat":100,"exp":1e309}'),
  'a JWT that ends before it begins': jwt('{"iat":200,"exp":100}'),
  'a JWT whose claims are not an object': jwt('null'),
  'a token of broken base64': 'e30.%%%.x',
  'a token of broken JSON': jwt('{"exp":'),
  'a token of dots': '..',
};

failureMode(
  {
    id: 'H2',
    title: 'A missing or invalid expiry sets a timer that fires at once, or crashes',
    renewal:
      'A life that is not a finite number above 0 is unknown: no timer is set for it, and the token is refreshed when the server rejects it.',
    threads: ['lidge-jun/opencodex#1417', 'auth0/angular2-jwt#134', 'siteboon/claudecodeui#980'],
  },
  (signal) => {
    const clock = createWallClock();

    const expiryOf = ({ session }: VirtualClient): number | undefined =>
      session.state.status === 'active' ? session.state.tokens.expiresAtMs : Number.NaN;

    /** Kept fresh for a day, the session sets no timer and does not refresh; then the server rejects its token. */
    const expectReactive = (client: VirtualClient, asked: () => number): void => {
      expect(expiryOf(client)).toBeUndefined();
      client.session.keepFresh$().subscribe();
      expect(clock.timers).toBe(0);
      clock.advance(86_400_000);
      const before = asked();
      expect(outcomeOf(client.api.get$('/a'))).toMatchObject({ values: [{ by: 'renewed' }], isComplete: true });
      expect(asked()).toBe(before + 1);
      expect(clock.timers).toBe(0);
    };

    const createFrom = (store: TokenStore) => {
      const issuer = createIssuer({ accessToken: 'renewed' });
      const { refresh } = issuer;
      const client = createVirtualClient({ signal, store, isDead: (token) => token !== 'renewed', refresh });
      return { client, asked: () => issuer.askedAtMs.length };
    };

    describe.each(UNKNOWN)('an expiry of %o', (expiry) => {
      // A server or a store may hold this, whatever the types say.
      const grant = { accessToken: 'T1', refreshToken: 'R1', expiresInMs: expiry } as TokenGrant;

      it('in a sign-in starts no refresh before the server rejects the token', async () => {
        const { client, asked } = createFrom(memoryStore());
        await client.session.signIn(grant);
        expectReactive(client, asked);
      });

      it('in the store starts none either', () => {
        const { client, asked } = createFrom({
          load: () => ({ ...grant, expiresAtMs: expiry, sessionId: 's' }) as Tokens, // as above
          save: () => {},
          clear: () => {},
          exclusive: (work) => work,
        });
        expectReactive(client, asked);
      });

      it('in a refresh response starts none either', () => {
        const issuer = createIssuer({}, ({ accessToken }) =>
          of({ ...grant, accessToken: accessToken === 'T2' ? accessToken : 'renewed' }),
        );
        const { refresh } = issuer;
        const client = createVirtualClient({ signal, isDead: (token) => token !== 'renewed', refresh });
        client.session.refresh$().subscribe();
        expectReactive(client, () => issuer.askedAtMs.length);
      });
    });

    it.each(Object.entries(TOKENS))('%s lives for an unknown time', async (_, accessToken) => {
      const { client, asked } = createFrom(memoryStore());
      await client.session.signIn({ accessToken, refreshToken: 'R1' });
      expectReactive(client, asked);
    });

    it.each([
      ['a number', 3600, 3_600_000],
      ['a number in a string', '3600', 3_600_000],
      ['0', 0, undefined],
      ['null', null, undefined],
      ['missing', undefined, undefined],
      ['not a number', 'soon', undefined],
      ['below 0', -1, undefined],
    ])('reads the expires_in of an OAuth response, in seconds, if valid: %s', (_, expires_in, lifeMs) => {
      const { api } = createRecorder({
        transport: () => of(response(200, { access_token: 'T2', ...(expires_in !== undefined && { expires_in }) })),
      });
      const session = createSession({
        refresh: oauthRefresh(api, { url: '/token', clientId: 'c' }),
        store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
      });
      const { values } = outcomeOf(session.refresh$());
      expect(values).toMatchObject([{ accessToken: 'T2', refreshToken: 'R1' }]);
      const { state } = session;
      expect('tokens' in state && state.tokens.expiresAtMs).toBe(lifeMs && Date.now() + lifeMs);
    });

    it('sets one timer for a known expiry', () => {
      const client = createVirtualClient({ signal, grant: { accessToken: 'T1', expiresInMs: 3_600_000 } });
      client.session.keepFresh$().subscribe();
      expect(clock.timers).toBe(1);
    });
  },
);
