import { type Interceptor, memoryStore, type TokenGrant, type Tokens } from 'renewal';
import { delay, lastValueFrom, of, switchMap, timer } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { createIssuer } from '../../support/issuer';
import { type Echo, REFRESH } from '../../support/server';
import { createClient, errorsOf, paths, settleAll } from '../../support/server-client';
import { createVirtualClient, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const HOUR_MS = 3_600_000;
const T2: TokenGrant = { accessToken: 'T2', refreshToken: 'R2' };

failureMode(
  {
    id: 'H14',
    title: 'A request leaves with a live token that has expired when it arrives',
    renewal:
      'Early refreshes do not replace the server’s response: an expired one always leads to a refresh and a replay. The token of a request is chosen when it leaves.',
    threads: ['Azure/azure-sdk-for-java#8667'],
  },
  (signal) => {
    describe('over the network, in a kept-fresh session whose token seems to live for an hour,', () => {
      const server = withServer(signal);

      const createKeptFresh = () => {
        const issued = server.issue();
        const store = memoryStore({ ...issued, expiresInMs: HOUR_MS });
        const client = createClient(server, { store, issued });
        const fresh: string[] = [];
        const kept = client.session.keepFresh$().subscribe(({ accessToken }) => fresh.push(accessToken));
        onTestFinished(() => kept.unsubscribe());
        return { ...client, fresh };
      };

      it.each([1, 20])('%i expired responses cause one refresh, and each request is replayed', async (count) => {
        const { api, fresh } = createKeptFresh();
        const dead = server.hold(({ token }) => token === 'a.access.1');
        server.live.delete('a.access.1');
        const results = settleAll(paths(count).map((path) => api.get$<Echo>(path)));
        await dead.arrived(count);
        dead.open();
        expect(errorsOf(await results)).toEqual(Array(count).fill(undefined));
        for (const path of paths(count)) expect(server.tokensOf(path)).toEqual(['a.access.1', 'a.access.2']);
        expect(server.presented).toEqual(['a.refresh.1']);
        expect(fresh).toEqual(['a.access.2']);
      });

      it('an expired response after an early refresh causes no second refresh', async () => {
        const { api, session } = createKeptFresh();
        const late = server.hold(({ path }) => path === '/late');
        server.live.delete('a.access.1');
        const answer = lastValueFrom(api.get$<Echo>('/late'));
        await late.arrived(1);
        await lastValueFrom(session.refresh$());
        late.open();
        expect(await answer).toMatchObject({ by: 'a.access.2' });
        expect(server.refreshes).toBe(1);
      });

      it('a request with an expired response during an early refresh waits for it', async () => {
        const { api, session, received } = createKeptFresh();
        const refresh = server.hold(({ path }) => path === REFRESH);
        server.live.delete('a.access.1');
        const ahead = lastValueFrom(session.refresh$());
        await refresh.arrived(1);
        const answer = lastValueFrom(api.get$<Echo>('/a'));
        await received('/a');
        refresh.open();
        expect(await answer).toMatchObject({ by: 'a.access.2', nth: 2 });
        expect(await ahead).toMatchObject({ accessToken: 'a.access.2' } satisfies Partial<Tokens>);
        expect(server.refreshes).toBe(1);
      });
    });

    describe('in virtual time, with a token of 10 ms,', () => {
      const grant: TokenGrant = { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 10 };

      it('a request that leaves in time and arrives too late is replayed', () => {
        virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
          const refresh = cold<TokenGrant>('---(a|)', { a: T2 });
          const { api, sent } = createVirtualClient({
            signal,
            grant,
            refreshAheadMs: 0,
            refresh: () => refresh,
            // Dead by the time of the response.
            respond: (_, answer) => of(answer).pipe(delay(2)),
          });
          expectObservable(api.get$('/a'), '---------^').toBe('16ms (v|)', { v: { by: 'T2' } });
          expectSubscriptions(refresh.subscriptions).toBe('-----------^--!');
          flush();
          expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
        });
      });

      it('a request that an interceptor held past the expiry has the new token only', () => {
        virtually(({ cold, expectObservable, flush }) => {
          const slow: Interceptor = (request, next) => timer(8).pipe(switchMap(() => next(request)));
          const { api, sent } = createVirtualClient({
            signal,
            grant,
            refreshAheadMs: 0,
            refresh: () => cold<TokenGrant>('---(a|)', { a: T2 }),
          });
          expectObservable(api.extend({ interceptors: [slow] }).get$('/a'), '-----^').toBe('16ms (v|)', {
            v: { by: 'T2' },
          });
          flush();
          expect(sent).toEqual(['GET /a T2']);
        });
      });

      it('a request queued since a refresh leaves with the token that is current then', () => {
        virtually(({ expectObservable, flush }) => {
          const issuer = createIssuer({ expiresInMs: 10_000 }, (granted) => of(granted).pipe(delay(1)));
          const { api, sent } = createVirtualClient({
            signal,
            grant,
            refreshAheadMs: 0,
            releaseConcurrency: 1,
            isDead: () => false,
            refresh: issuer.refresh,
            respond: (_, answer) => of(answer).pipe(delay(6_000)),
          });
          // Their first token dies while the second request is in flight.
          const waits: [string, string, string][] = [
            ['/a', '6021ms (v|)', 'T2'],
            ['/b', '12021ms (v|)', 'T2'],
            ['/c', '18022ms (v|)', 'T3'],
          ];
          for (const [path, marbles, by] of waits) {
            expectObservable(api.get$(path), '20ms ^').toBe(marbles, { v: { by } });
          }
          flush();
          expect(sent).toEqual(['GET /a T2', 'GET /b T2', 'GET /c T3']);
          expect(issuer.presented).toEqual(['R1', 'R2']);
        });
      });
    });
  },
);
