import { memoryStore, type TokenGrant, type Tokens } from 'renewal';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { createVirtualClient } from '../../support/virtual';
import { createWallClock, type WallClock } from '../../support/wall-clock';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LIFE_MS = 30 * MINUTE_MS;

/** A server with a correct clock: it issues JWTs of half an hour, and accepts each for that long. */
const createRightServer = (clock: WallClock) => {
  const issuedAtMs = new Map<string, number>();
  const refreshedAtMs: number[] = [];
  const issue = (): TokenGrant => {
    const iat = 1_900_000_000 + clock.elapsedMs / 1000;
    const claims = { iat, exp: iat + LIFE_MS / 1000, nth: issuedAtMs.size };
    const accessToken = `e30.${btoa(JSON.stringify(claims))}.x`;
    issuedAtMs.set(accessToken, clock.elapsedMs);
    return { accessToken, refreshToken: `R${issuedAtMs.size}` };
  };
  return {
    issue,
    refreshedAtMs,
    refresh: () => {
      refreshedAtMs.push(clock.elapsedMs);
      return of(issue());
    },
    isDead: (token: string) => clock.elapsedMs >= (issuedAtMs.get(token) ?? 0) + LIFE_MS,
  };
};

failureMode(
  {
    id: 'H4',
    title: 'A client whose clock is wrong refreshes over and over, or never',
    renewal:
      'The life of a token is counted from its receipt; the server’s clock is never compared with the client’s. A jump of the clock costs one refresh at most.',
    threads: ['supabase/auth-js#926', 'clerk/javascript#865', 'supertokens/supertokens-website#195'],
  },
  (signal) => {
    const clock = createWallClock();

    const createSignedIn = () => {
      const server = createRightServer(clock);
      const { refresh, isDead } = server;
      return { server, ...createVirtualClient({ signal, grant: server.issue(), refresh, isDead }) };
    };
    type Client = ReturnType<typeof createSignedIn>;

    /** A request each minute; returns the requests without a response. */
    const askFor = (minutes: number, { api }: Client): unknown[] => {
      const failed: unknown[] = [];
      for (let minute = 0; minute < minutes; minute++) {
        const outcome = outcomeOf(api.get$('/a'));
        if (outcome.values.length !== 1 || !outcome.isComplete) failed.push(outcome);
        clock.advance(MINUTE_MS);
      }
      return failed;
    };

    /** One refresh for each token, a minute before it dies: ten in five hours. */
    const onTime = Array.from({ length: 10 }, (_, index) => (index + 1) * (LIFE_MS - MINUTE_MS));

    describe.each([
      ['right', 0],
      ['an hour fast', HOUR_MS],
      ['an hour slow', -HOUR_MS],
      ['years fast', 90_000 * HOUR_MS],
      ['at the epoch', -Date.UTC(2030, 5, 1, 12)],
    ])('with a clock that is %s', (_, skewMs) => {
      it('refreshes once in the life of each token, when kept fresh', () => {
        clock.set(skewMs);
        const client = createSignedIn();
        client.session.keepFresh$().subscribe();
        expect(askFor(300, client)).toEqual([]);
        expect(client.server.refreshedAtMs).toEqual(onTime);
      });

      it('refreshes once in the life of each token, for requests', () => {
        clock.set(skewMs);
        const client = createSignedIn();
        expect(askFor(300, client)).toEqual([]);
        expect(client.server.refreshedAtMs).toEqual(onTime);
      });
    });

    it.each([true, false])('refreshes once for a clock that jumps ahead by an hour (kept fresh: %s)', (isKeptFresh) => {
      const client = createSignedIn();
      if (isKeptFresh) client.session.keepFresh$().subscribe();
      expect(askFor(10, client)).toEqual([]);
      clock.set(HOUR_MS);
      expect(askFor(50, client)).toEqual([]);
      expect(client.server.refreshedAtMs).toEqual([10, 39].map((minute) => minute * MINUTE_MS));
    });

    it.each([true, false])(
      'follows the server after a clock jumped back by an hour (kept fresh: %s)',
      (isKeptFresh) => {
        const client = createSignedIn();
        if (isKeptFresh) client.session.keepFresh$().subscribe();
        expect(askFor(10, client)).toEqual([]);
        clock.set(-HOUR_MS);
        expect(askFor(60, client)).toEqual([]);
        expect(client.server.refreshedAtMs).toEqual([30, 59].map((minute) => minute * MINUTE_MS));
      },
    );

    it('refreshes once for a clock that jumps ahead and is set right again', () => {
      const client = createSignedIn();
      client.session.keepFresh$().subscribe();
      expect(askFor(10, client)).toEqual([]);
      clock.set(HOUR_MS);
      expect(askFor(10, client)).toEqual([]);
      clock.set(-HOUR_MS);
      expect(askFor(40, client)).toEqual([]);
      expect(client.server.refreshedAtMs).toEqual([10, 40].map((minute) => minute * MINUTE_MS));
    });

    it.each([
      ['fast', HOUR_MS, [30]],
      ['slow', -HOUR_MS, [0, 29]],
    ])('refreshes once for tokens that were stored by a clock that was %s', (_, skewMs, minutes) => {
      const server = createRightServer(clock);
      const { accessToken, refreshToken } = server.issue();
      const stored = {
        accessToken,
        refreshToken,
        expiresAtMs: Date.now() + skewMs + LIFE_MS,
        sessionId: 's',
      } as Tokens;
      const { refresh, isDead } = server;
      const store = { ...memoryStore(), load: () => stored };
      const client = { server, ...createVirtualClient({ signal, store, refresh, isDead }) };
      expect(askFor(31, client)).toEqual([]);
      expect(server.refreshedAtMs).toEqual(minutes.map((minute) => minute * MINUTE_MS));
    });

    it('remembers a rejecting route for 30 s, even if the clock is set back', () => {
      let refreshes = 0;
      const client = createVirtualClient({
        signal,
        isDead: (token) => token === 'T1' || token === 'T2',
        refresh: () => of({ accessToken: `T${++refreshes + 1}` }),
      });
      expect(outcomeOf(client.api.get$('/a')).error).toMatchObject({ code: 'token-rejected' });
      clock.set(-HOUR_MS);
      clock.advance(30_001);
      expect(outcomeOf(client.api.get$('/a'))).toEqual({ values: [{ by: 'T3' }], isComplete: true });
    });
  },
);
