import { of } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { createVirtualClient, type VirtualClient } from '../../support/virtual';
import { createWallClock } from '../../support/wall-clock';

const LIFE_S = 600;

const jwt = (claims: object): string => `e30.${btoa(JSON.stringify(claims))}.x`;

const nowS = (): number => Date.now() / 1000;

/** The claims of servers that omit `iat`. */
const CLAIMS: Readonly<Record<string, (aheadS: number) => object>> = {
  'nbf and exp': (aheadS) => ({ nbf: nowS() + aheadS, exp: nowS() + aheadS + LIFE_S }),
  'exp alone': (aheadS) => ({ exp: nowS() + aheadS + LIFE_S }),
};

failureMode(
  {
    id: 'H15',
    title: 'A JWT without `iat` has no known life and is never refreshed early, silently',
    renewal:
      'Its life is `exp` less `nbf`; with `exp` alone it ends at `exp` by the clock of this machine. If that clock is past `exp` already, the expiry is unknown and the server decides.',
    threads: ['DuendeArchive/IdentityServer4#466'],
  },
  (signal) => {
    const clock = createWallClock();

    /** A server whose clock is ahead of this one, or behind it. */
    const createFrom = (claimsOf: (aheadS: number) => object, aheadS = 0) => {
      const issuer = createIssuer({}, (grant, count) =>
        of({ ...grant, accessToken: jwt({ ...claimsOf(aheadS), jti: `T${count + 1}` }) }),
      );
      const client: VirtualClient = createVirtualClient({
        signal,
        grant: { accessToken: jwt({ ...claimsOf(aheadS), jti: 'T1' }), refreshToken: 'R1' },
        isDead: () => false,
        refresh: issuer.refresh,
      });
      return { client, issuer };
    };

    it.each(Object.entries(CLAIMS))('is refreshed a minute before its end, repeatedly: %s', (_, claimsOf) => {
      const { client, issuer } = createFrom(claimsOf);
      client.session.keepFresh$().subscribe();
      expect(clock.timers).toBe(1);
      clock.advance((LIFE_S - 60) * 1000 - 1);
      expect(issuer.presented).toEqual([]);
      clock.advance(1);
      expect(issuer.presented).toEqual(['R1']);
      clock.advance((LIFE_S - 60) * 1000);
      expect(issuer.presented).toEqual(['R1', 'R2']);
    });

    it('lives as long from nbf to exp, whatever the clock of the server', () => {
      for (const aheadS of [-86_400, 86_400]) {
        const { client } = createFrom(CLAIMS['nbf and exp'] ?? Object, aheadS);
        expect(client.session.state).toMatchObject({ tokens: { expiresAtMs: Date.now() + LIFE_S * 1000 } });
      }
    });

    it('is used until the server rejects it if this clock is past exp already', () => {
      const { client, issuer } = createFrom(CLAIMS['exp alone'] ?? Object, -86_400);
      client.session.keepFresh$().subscribe();
      clock.advance(86_400_000);
      expect(issuer.presented).toEqual([]);
      expect(outcomeOf(client.api.get$('/orders'))).toMatchObject({ isComplete: true });
      expect(clock.timers).toBe(0);
      // One refresh grants the next such token, and causes no other refresh.
      expect(outcomeOf(client.session.refresh$())).toMatchObject({ isComplete: true });
      clock.advance(86_400_000);
      expect(issuer.presented).toEqual(['R1']);
    });
  },
);
