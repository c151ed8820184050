import { NetworkError, type SessionOptions } from 'renewal';
import { throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { installPage } from '../../support/page';
import { createVirtualClient } from '../../support/virtual';
import { createWallClock } from '../../support/wall-clock';

const SECOND_MS = 1_000;
const LIFE_MS = 1_800 * SECOND_MS;
const NIGHT_MS = 28_800 * SECOND_MS;

failureMode(
  {
    id: 'H7',
    title: 'A machine wakes before its network does, and the user is signed out',
    renewal:
      'A refresh that cannot reach the server keeps the session. The next one runs when the network is back (at once if the platform reports it), or after a wait of 1 s, doubling to 30 s.',
    threads: ['authts/oidc-client-ts#1343', 'suitedaces/dorabot#42'],
  },
  (signal) => {
    const clock = createWallClock();

    /** A session that has slept for a night, and wakes before its network. */
    const createWoken = (options: Partial<SessionOptions> = {}) => {
      const network = { isUp: false };
      const issuer = createIssuer({ expiresInMs: LIFE_MS });
      const askedAtMs: number[] = [];
      const onSessionExpired = vi.fn();
      const client = createVirtualClient({
        signal,
        grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: LIFE_MS },
        refresh: (tokens) => {
          askedAtMs.push(Date.now());
          return network.isUp ? issuer.refresh(tokens) : throwError(() => new NetworkError('no complete answer'));
        },
        onSessionExpired,
        ...options,
      });
      clock.set(NIGHT_MS);
      const wokenAtMs = Date.now();
      /** The times of the refreshes, failed or not, in seconds after the wake-up. */
      const asked = () => askedAtMs.map((atMs) => (atMs - wokenAtMs) / SECOND_MS);
      return { ...client, network, onSessionExpired, asked };
    };

    it('keeps the session, and fails requests at once', () => {
      const { api, session, sent, onSessionExpired, asked } = createWoken();
      const outcomes = ['/a', '/b'].map((path) => outcomeOf(api.get$(path)));
      expect(outcomes).toMatchObject(Array(2).fill({ error: { code: 'refresh', cause: { code: 'network' } } }));
      expect(session.state).toMatchObject({ status: 'expired', tokens: { accessToken: 'T1', refreshToken: 'R1' } });
      expect(sent).toEqual([]);
      expect(asked()).toEqual([0]);
      expect(onSessionExpired).not.toHaveBeenCalled();
    });

    describe('if the platform reports that the network is back,', () => {
      it('a kept-fresh session refreshes in that tick', () => {
        const page = installPage();
        const { api, session, network, asked } = createWoken();
        session.keepFresh$().subscribe();
        page.show();
        clock.advance(5 * SECOND_MS);
        network.isUp = true;
        page.goOnline();
        expect(asked()).toEqual([0, 1, 3, 5]);
        expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
        expect(asked()).toHaveLength(4);
      });

      it('the next request succeeds, although the cool-down was not over', () => {
        const page = installPage();
        const { api, network, asked } = createWoken();
        outcomeOf(api.get$('/a'));
        clock.advance(500);
        network.isUp = true;
        expect(outcomeOf(api.get$('/a'))).toMatchObject({ error: { code: 'refresh' } });
        page.goOnline();
        expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
        expect(asked()).toEqual([0, 0.5]);
        expect(page.listeners).toBe(0);
      });

      it('no refresh starts for the event if none has failed', () => {
        const page = installPage();
        const { session, network, asked } = createWoken();
        network.isUp = true;
        session.keepFresh$().subscribe();
        for (let again = 0; again < 3; again++) page.goOnline();
        expect(asked()).toEqual([0]);
      });

      it('the cool-down begins at a second again after a success', () => {
        const page = installPage();
        const { session, network, asked } = createWoken();
        session.keepFresh$().subscribe();
        clock.advance(5 * SECOND_MS);
        network.isUp = true;
        page.goOnline();
        network.isUp = false;
        clock.set(NIGHT_MS);
        const before = asked().length;
        page.show();
        clock.advance(3 * SECOND_MS);
        expect(asked().slice(before)).toEqual([0, 1, 3].map((afterS) => NIGHT_MS / SECOND_MS + 5 + afterS));
      });
    });

    describe('if nothing reports that the network is back,', () => {
      it('a kept-fresh session retries until it is', () => {
        const { session, network, asked } = createWoken();
        session.keepFresh$().subscribe();
        clock.advance(5 * SECOND_MS);
        network.isUp = true;
        expect(session.state.status).toBe('expired');
        clock.advance(60 * SECOND_MS);
        expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
        expect(asked()).toEqual([0, 1, 3, 7]);
      });

      it('a request succeeds once the cool-down is over', () => {
        const { api, network, asked } = createWoken();
        outcomeOf(api.get$('/a'));
        network.isUp = true;
        clock.advance(999);
        expect(outcomeOf(api.get$('/a'))).toMatchObject({ error: { code: 'refresh' } });
        clock.advance(1);
        expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
        expect(asked()).toEqual([0, 1]);
      });

      it('requests wait through the retries of the refresh, if there are any', () => {
        const { api, sent, network, asked } = createWoken({ refreshRetries: 3 });
        const outcomes = ['/a', '/b'].map((path) => outcomeOf(api.get$(path)));
        clock.advance(5 * SECOND_MS);
        expect(outcomes).toEqual([{ values: [] }, { values: [] }]);
        network.isUp = true;
        clock.advance(2 * SECOND_MS);
        expect(outcomes).toEqual(Array(2).fill(completedWith({ by: 'T2' })));
        expect(sent).toEqual(['GET /a T2', 'GET /b T2']);
        expect(asked()).toEqual([0, 1, 3, 7]);
      });
    });
  },
);
