import { memoryStore, type TokenGrant, type TokenStore } from 'renewal';
import { concat, ignoreElements, NEVER, type Observable, of, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { json } from '../../support/server';
import { createExpiredClient, errorOf, errorsOf, paths, settleAll } from '../../support/server-client';
import { createVirtualClient, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';

const jwt = (claims: object): string => `e30.${btoa(JSON.stringify(claims))}.x`;

/** Access tokens that have expired by this machine's clock, or have nonsense claims. */
const GRANTS: Readonly<Record<string, TokenGrant>> = {
  'an exp of long ago': { accessToken: jwt({ iat: 0, exp: 3_600 }) },
  'an exp before its iat': { accessToken: jwt({ iat: 3_600, exp: 0 }) },
  'a nbf that is far ahead': { accessToken: jwt({ iat: 0, nbf: 2 ** 40, exp: 3_600 }) },
  'an expiresInMs of 0': { accessToken: 'new', expiresInMs: 0 },
  'an expiresInMs below 0': { accessToken: 'new', expiresInMs: -3_600_000 },
};

/** The number of refreshes after which a looping test ends. */
const MOST = 5;

failureMode(
  {
    id: 'C6',
    title: 'Tokens that expire before arrival, or are not yet valid, are refreshed in a loop',
    renewal:
      'A request waits for one refresh and leaves with its token, which the server judges. Lifetimes are durations from receipt, so clocks need not agree.',
    threads: ['supabase/auth-js#926', 'wonderwhy-er/DesktopCommanderMCP#709'],
  },
  (signal) => {
    const server = withServer(signal);

    it.each(Object.entries(GRANTS))(
      'sends waiting requests with a token that has %s, and refreshes once',
      async (_, grant) => {
        const { api } = createExpiredClient(server);
        server.refreshReply = json(grant);
        server.live.add(grant.accessToken);
        const results = await settleAll(paths(10).map((path) => api.get$(path)));
        expect(errorsOf(results)).toEqual(Array(10).fill(undefined));
        for (const path of paths(10)) expect(server.tokensOf(path)).toEqual([T1, grant.accessToken]);

        // Later requests do not doubt it either.
        await settleAll(paths(10, 'later').map((path) => api.get$(path)));
        for (const path of paths(10, 'later')) expect(server.tokensOf(path)).toEqual([grant.accessToken]);
        expect(server.refreshes).toBe(1);
      },
    );

    it.each(Object.entries(GRANTS))(
      'lets the server reject a token that has %s, and refreshes once',
      async (_, grant) => {
        const { api } = createExpiredClient(server);
        server.refreshReply = json(grant);
        expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'token-rejected' });
        expect(server.tokensOf('/orders')).toEqual([T1, grant.accessToken]);
        expect(server.refreshes).toBe(1);
      },
    );

    /** A client whose new tokens live for 5 ms and expire before the lock on the store is released. */
    const createLate = () => {
      const used: (string | undefined)[] = [];
      const store: TokenStore = {
        ...memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
        exclusive: (work) => concat(work, timer(10).pipe(ignoreElements())),
      };
      const refresh = ({ refreshToken }: Pick<TokenGrant, 'refreshToken'>): Observable<TokenGrant> => {
        used.push(refreshToken);
        const nth = used.length + 1;
        return nth > MOST ? NEVER : of({ accessToken: `T${nth}`, refreshToken: `R${nth}`, expiresInMs: 5 });
      };
      return { ...createVirtualClient({ signal, store, refresh }), used };
    };

    it('sends waiting requests with a token that expires during its write', () => {
      virtually(({ flush }) => {
        const { api, sent, used } = createLate();
        const outcomes = ['/a', '/b'].map((path) => outcomeOf(api.get$(path)));
        flush();
        expect(outcomes).toEqual([completedWith({ by: 'T2' }), completedWith({ by: 'T2' })]);
        expect(sent).toEqual(['GET /a T1', 'GET /a T2', 'GET /b T2']);
        expect(used).toEqual(['R1']);
      });
    });

    it('emits that token to callers that wait for a token or a refresh', () => {
      virtually(({ flush }) => {
        const { api, session, used } = createLate();
        outcomeOf(api.get$('/a'));
        const renewed = outcomeOf(session.refresh$());
        const token = outcomeOf(session.accessToken$());
        flush();
        expect(renewed).toMatchObject({ values: [{ accessToken: 'T2' }], isComplete: true });
        expect(token).toEqual(completedWith('T2'));
        expect(used).toEqual(['R1']);
      });
    });
  },
);
