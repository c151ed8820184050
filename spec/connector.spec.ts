import {
  type Api,
  type ApiEvent,
  createApi,
  createSession,
  type HttpRequest,
  memoryStore,
  type Session,
  type SessionOptions,
} from 'renewal';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createConnector } from '../lib/connector';

const BASE = 'https://h.test';

const answer = (status: number, body: unknown = null) =>
  of({ type: 'response' as const, status, statusText: '', headers: {}, url: '', body });

const create = (options: Partial<SessionOptions> = {}) => {
  const sent: (string | undefined)[] = [];
  const session = createSession({
    store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
    refresh: () => of({ accessToken: 'T2' }),
    ...options,
  });
  const api = createApi({
    baseUrl: BASE,
    session,
    transport: ({ headers }: HttpRequest) => {
      sent.push(headers.authorization);
      return answer(headers.authorization === 'Bearer T1' && options.refresh ? 401 : 200);
    },
  });
  return { session, api, sent };
};

const codesOf = (
  source: { subscribe: Api['events$']['subscribe'] } | ReturnType<typeof createConnector>['sessionEnd$'],
) => {
  const codes: unknown[] = [];
  source.subscribe({ error: (error) => codes.push(error.code) });
  return codes;
};

const endings: [string, (session: Session) => void, string][] = [
  ['a sign-out', (session) => void session.signOut(), 'signed-out'],
  ['the sign-in of another user', (session) => void session.signIn({ accessToken: 'B' }), 'signed-out'],
  ['destroy()', (session) => session.destroy(), 'signed-out'],
];

describe('createConnector', () => {
  it('refuses a client that createApi has not made', () => {
    expect(() => createConnector({})).toThrow(new TypeError('api: expected a client that createApi has made'));
  });

  it.each(endings)('ends with %s once a request has carried a token', (_name, end, code) => {
    const { session, api } = create();
    const connector = createConnector(api);
    const codes = codesOf(connector.sessionEnd$);
    connector.connect$('GET', '/a', {}).subscribe();
    expect(codes).toEqual([]);
    end(session);
    expect(codes).toEqual([code]);
  });

  it('ends with SessionExpiredError when the refresh token is refused', () => {
    const refused = createApi({ baseUrl: BASE, transport: () => answer(401) });
    const { session, api } = create({ refresh: () => refused.post$('/refresh') });
    const connector = createConnector(api);
    const codes = codesOf(connector.sessionEnd$);
    connector.connect$('GET', '/a', {}).subscribe({ error: () => {} });
    expect(session.state.status).toBe('signed-out');
    expect(codes).toEqual(['session-expired']);
  });

  it.each<[string, { auth?: boolean; headers?: Record<string, string> }, string]>([
    ['auth: false', { auth: false }, '/a'],
    ['an authorization header of its own', { headers: { authorization: 'Basic a' } }, '/a'],
    ['another origin', {}, 'https://other.test/a'],
  ])('does not end with the session for %s', (_name, options, url) => {
    const { session, api } = create();
    const connector = createConnector(api);
    const codes = codesOf(connector.sessionEnd$);
    connector.connect$('GET', url, options).subscribe();
    void session.signOut();
    expect(codes).toEqual([]);
  });

  it('continues through a refresh and an update', () => {
    const { session, api, sent } = create();
    const connector = createConnector(api);
    const codes = codesOf(connector.sessionEnd$);
    connector.connect$('GET', '/a', {}).subscribe();
    session.refresh$().subscribe();
    void session.update({ accessToken: 'T3' });
    connector.connect$('GET', '/a', {}).subscribe();
    expect([codes, sent.length]).toEqual([[], 2]);
  });

  it('sends no later request for the user who has signed in since', () => {
    const { session, api, sent } = create();
    const connector = createConnector(api);
    connector.connect$('GET', '/a', {}).subscribe();
    void session.signIn({ accessToken: 'B' });
    const errors: unknown[] = [];
    connector.connect$('GET', '/a', {}).subscribe({ error: (error) => errors.push(error.code) });
    expect(errors).toEqual(['signed-out']);
    expect(sent).toEqual(['Bearer T1']);
  });

  it('belongs to nobody before a request has carried a token', () => {
    const { session, api, sent } = create({ store: memoryStore() });
    const connector = createConnector(api);
    connector.connect$('GET', '/a', {}).subscribe();
    void session.signIn({ accessToken: 'A' });
    connector.connect$('GET', '/a', {}).subscribe();
    expect(sent).toEqual([undefined, 'Bearer A']);
  });

  it('fails a status of 400 or above unless any status is wanted', () => {
    const api = createApi({ baseUrl: BASE, transport: () => answer(404) });
    const seen: unknown[] = [];
    createConnector(api)
      .connect$('GET', '/a', {}, true)
      .subscribe(({ request, response }) => seen.push(request.url, response.status));
    createConnector(api)
      .connect$('GET', '/a', {})
      .subscribe({ error: (error) => seen.push(error.code) });
    expect(seen).toEqual([`${BASE}/a`, 404, 'status']);
  });

  it('reports without the query, with one number for each stream', () => {
    const api = createApi({ baseUrl: BASE, transport: () => answer(200) });
    const events: ApiEvent[] = [];
    const before = createConnector(api);
    before.connect$('GET', '/a', {}).subscribe();
    before.report({ phase: 'opened', connection: 1, events: 0 });
    api.events$.subscribe((event) => events.push(event));
    const later = createConnector(api);
    later.report({ phase: 'ended', connection: 1, events: 0 });
    later.connect$('get', '/a?secret=1', {}).subscribe();
    later.report({ phase: 'opened', connection: 1, events: 0 });
    expect(events.filter(({ type }) => type === 'stream')).toEqual([
      {
        type: 'stream',
        phase: 'opened',
        streamId: 1,
        method: 'GET',
        url: `${BASE}/a`,
        connection: 1,
        events: 0,
        atMs: expect.any(Number),
      },
    ]);
  });
});
