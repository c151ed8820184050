import {
  type ApiEvent,
  clientCredentials,
  createApi,
  createSession,
  type HttpRequest,
  type HttpResponse,
  type OAuthRefreshOptions,
  type SessionOptions,
} from 'renewal';
import { asyncScheduler, of, take, takeUntil, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { eventsOf, warningsIn } from '../support/events';
import { outcomeOf } from '../support/http-client';
import { ORIGIN, response, virtually } from '../support/virtual';

/** A service and its token endpoint, which answers with `respond(n)` to the nth request. */
const createService = (
  respond: (nth: number) => HttpResponse,
  { session: sessionOptions, ...options }: Partial<OAuthRefreshOptions> & { session?: Partial<SessionOptions> } = {},
) => {
  const asked: HttpRequest[] = [];
  const sent: string[] = [];
  const live = new Set<string>();
  const http = createApi({
    baseUrl: ORIGIN,
    transport: (request) => {
      if (request.url === `${ORIGIN}/token`) {
        asked.push(request);
        const answer = respond(asked.length);
        live.clear();
        live.add(Object(answer.body).access_token);
        return of(answer);
      }
      const token = request.headers.authorization?.replace('Bearer ', '') ?? '-';
      sent.push(token);
      return of(response(live.has(token) ? 200 : 401, { by: token }));
    },
  });
  const credentials = clientCredentials(http, {
    url: '/token',
    clientId: 'billing',
    clientSecret: 'hidden',
    ...options,
  });
  const session = createSession({ ...credentials, ...sessionOptions });
  return { asked, sent, session, live, api: http.extend({ session }) };
};

const grantOf = (nth: number): HttpResponse => response(200, { access_token: `T${nth}`, expires_in: 60 });

/** Each is a refusal, by whatever the endpoint or a proxy before it says. */
const REFUSALS: readonly HttpResponse[] = [
  response(401, { error: 'invalid_client' }),
  response(400, { error: 'invalid_grant' }),
  response(400, { error: 'unauthorized_client' }),
  response(403, { message: 'Forbidden' }),
  response(401),
  response(200, { error: 'invalid_grant' }),
  response(200, { code: 1002 }),
];

describe('clientCredentials', () => {
  it('sends the request of RFC 6749 section 4.4.2, without a token', () => {
    const { asked, api } = createService(grantOf, { scope: 'one two', params: { audience: 'https://api.test' } });
    outcomeOf(api.get$('/a'));
    expect(asked).toMatchObject([{ method: 'POST', auth: false, url: `${ORIGIN}/token` }]);
    expect(asked[0]?.headers).toMatchObject({ 'content-type': expect.stringMatching('form-urlencoded') });
    expect(asked[0]?.headers).not.toHaveProperty('authorization');
    expect(asked[0]?.body).toBe(
      'grant_type=client_credentials&client_id=billing&client_secret=hidden&scope=one+two&audience=https%3A%2F%2Fapi.test',
    );
  });

  it('signs the service in at its first request, once, and renews before expiry', () => {
    virtually(({ flush }) => {
      const { asked, sent, session, api } = createService(grantOf, { session: { refreshAheadMs: 5_000 } });
      expect(asked).toEqual([]);
      timer(0, 10_000)
        .pipe(takeUntil(timer(171_000)))
        .subscribe(() => ['/a', '/b'].map((path) => outcomeOf(api.get$(path))));
      flush();
      expect(asked).toHaveLength(3);
      expect(new Set(sent)).toEqual(new Set(['T1', 'T2', 'T3']));
      expect(session.state).toMatchObject({ tokens: { accessToken: 'T3' } });
    });
  });

  it('renews a token that the server rejects', () => {
    const { asked, sent, live, api } = createService(grantOf);
    outcomeOf(api.get$('/a'));
    live.clear();
    expect(outcomeOf(api.get$('/b'))).toMatchObject({ values: [{ by: 'T2' }] });
    expect([asked.length, sent]).toEqual([2, ['T1', 'T1', 'T2']]);
  });

  describe.each(REFUSALS)('refused by $status $body', (refusal) => {
    /** A request each second for 200 s; the endpoint refuses for a minute. */
    const runWith = (fromMs: number) => {
      const outcomes = new Map<number, unknown>();
      const states = new Set<string>();
      const expired: unknown[] = [];
      const asked: number[] = [];
      let events: readonly ApiEvent[] = [];
      virtually(({ flush }) => {
        const isRefusing = (atMs: number): boolean => atMs >= fromMs && atMs < fromMs + 60_000;
        const { api, session } = createService(
          (nth) => {
            asked.push(asyncScheduler.now());
            return isRefusing(asyncScheduler.now()) ? refusal : grantOf(nth);
          },
          { session: { onSessionExpired: (error) => expired.push(error) } },
        );
        events = eventsOf(api);
        session.state$.subscribe(({ status }) => states.add(status));
        timer(0, 1_000)
          .pipe(take(200))
          .subscribe((nth) => {
            api.get$('/a').subscribe({
              next: () => outcomes.set(nth, true),
              error: ({ code }) => outcomes.set(nth, code),
            });
          });
        flush();
      });
      return { results: [...outcomes.values()], states, expired, events, asked };
    };

    it('fails with RefreshError until it recovers, without a restart', () => {
      const { results, states, expired, asked } = runWith(0);
      expect(results).toHaveLength(200);
      const recoveredS = results.indexOf(true);
      expect(new Set(results.slice(0, recoveredS))).toEqual(new Set(['refresh']));
      expect(new Set(results.slice(recoveredS))).toEqual(new Set([true]));
      // Within one cool-down after the minute.
      expect(recoveredS).toBeGreaterThanOrEqual(60);
      expect(recoveredS).toBeLessThanOrEqual(91);
      expect([states.has('signed-out'), expired]).toEqual([false, []]);
      expect(asked.filter((atMs) => atMs < 60_000).length).toBeLessThan(8);
    });

    it('keeps a session that has begun', () => {
      const { results, states, expired } = runWith(50_000);
      expect(results).toHaveLength(200);
      const failed = results.filter((result) => result !== true);
      expect(failed.length).toBeGreaterThan(30);
      expect(new Set(failed)).toEqual(new Set(['refresh']));
      expect(results.at(-1)).toBe(true);
      expect([states.has('signed-out'), expired]).toEqual([false, []]);
    });

    it('shows the secret in no event', () => {
      const { events } = runWith(0);
      expect(JSON.stringify(events)).not.toContain('hidden');
      expect(warningsIn(events).join()).not.toContain('T1');
    });
  });

  it('ends by a sign-out only, and is then signed out', async () => {
    const { asked, session, api } = createService(grantOf);
    outcomeOf(api.get$('/a'));
    await session.signOut();
    expect(outcomeOf(api.get$('/a')).error).toMatchObject({ code: 'status', status: 401 });
    expect(asked).toHaveLength(1);
  });
});
