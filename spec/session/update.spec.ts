import { type ApiEvent, createSession, type HttpResponse, type TokenGrant } from 'renewal';
import { NEVER, of, Subject, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createCellStore, observe, tokens } from '../support/cell-store';
import { describeEvent, eventsOf } from '../support/events';
import { createVirtualClient, response } from '../support/virtual';
import { installBrowser, sentWith } from '../support/virtual-tabs';

const T2: TokenGrant = { accessToken: 'T2', refreshToken: 'R2' };
const REFUSED = { status: 400, body: { error: 'invalid_grant' } };

describe('update', () => {
  it('replaces the tokens within the session', async () => {
    const { session } = createVirtualClient({
      grant: { accessToken: 'T1', refreshToken: 'R1', extras: { user: 'ann' } },
    });
    const before = session.state;
    await session.update({ accessToken: 'T2' });
    expect(session.state).toEqual({
      status: 'active',
      generation: 2,
      tokens: {
        accessToken: 'T2',
        refreshToken: 'R1',
        sessionId: 'tokens' in before && before.tokens.sessionId,
        revision: 2,
        extras: { user: 'ann' },
      },
    });
  });

  it('stores the tokens before the state changes, and is told by an event', () => {
    const { cell, store } = createCellStore(tokens('T1', { revision: 4 }));
    const { api, session } = createVirtualClient({ store });
    const events = eventsOf(api);
    const stored: unknown[] = [];
    session.state$.subscribe(() => stored.push(cell.tokens?.accessToken));
    session.update(T2);
    expect(stored).toEqual(['T1', 'T2']);
    expect(cell.tokens).toMatchObject({ accessToken: 'T2', refreshToken: 'R2', sessionId: 's', revision: 5 });
    expect(events.map(describeEvent)).toEqual(['session updated, generation 2']);
  });

  it('releases 100 requests during a refresh, whose late end changes nothing', () => {
    const late = new Subject<TokenGrant>();
    const { api, session, sent } = createVirtualClient({ refresh: () => late, isDead: (token) => token === 'T1' });
    const outcomes = Array.from({ length: 100 }, (_, index) => observe(api.get$(`/${index}`)).notifications);
    expect(outcomes.flat()).toEqual([]);
    const before = sent.length;
    session.update(T2);
    expect(outcomes.flat().filter((value) => Object(value).by === 'T2')).toHaveLength(100);
    expect(sent.slice(before).filter((line) => !line.endsWith('T2'))).toEqual([]);
    expect(late.observed).toBe(false);
    late.next({ accessToken: 'T3' });
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' }, generation: 2 });
  });

  it('lets a request in flight be replayed with the new tokens', () => {
    const answer = new Subject<HttpResponse>();
    const { api, session, sent } = createVirtualClient({
      refresh: () => throwError(() => new Error('not needed')),
      respond: (request, normal) => (request.headers.authorization === 'Bearer T1' ? answer : of(normal)),
    });
    const { notifications } = observe(api.get$('/a'));
    session.update(T2);
    answer.next(response(401));
    expect(notifications).toMatchObject([{ by: 'T2' }, 'done']);
    expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
  });

  it('reports a refresh that it cancels as succeeded', () => {
    const { api, session } = createVirtualClient({ refresh: () => NEVER });
    const events = eventsOf(api);
    observe(session.refresh$());
    session.update(T2);
    expect(events.map(describeEvent)).toEqual([
      'refresh 1 started, generation 1, waiting 1',
      'refresh 1 succeeded, generation 1, waiting 1',
      'session updated, generation 2',
    ]);
  });

  it('ends a cool-down', () => {
    const { session } = createVirtualClient({ refresh: () => throwError(() => new Error('offline')) });
    observe(session.refresh$());
    session.update(T2);
    expect(observe(session.accessToken$()).notifications).toEqual(['T2', 'done']);
    expect(session.state).not.toHaveProperty('error');
  });

  it.each([
    ['nobody is signed in', () => createSession({ refresh: () => NEVER })],
    [
      'the refresh was refused',
      () => {
        const { session } = createVirtualClient({ refresh: () => throwError(() => REFUSED), isRefused: () => true });
        observe(session.refresh$());
        return session;
      },
    ],
    [
      'it was destroyed',
      () => {
        const { session } = createVirtualClient();
        session.destroy();
        return session;
      },
    ],
  ])('rejects with SignedOutError if %s', async (_, create) => {
    vi.useFakeTimers();
    const session = create();
    await vi.advanceTimersByTimeAsync(2_000);
    const { state } = session;
    await expect(session.update(T2)).rejects.toMatchObject({ code: 'signed-out' });
    expect(session.state).toBe(state);
    vi.useRealTimers();
  });

  it.each([
    ['no access token', { token: 'T2' }, 'update: no accessToken in what it was given (keys: token)'],
    ['extras of a wrong kind', { accessToken: 'T2', extras: ['a'] }, 'update: extras: expected an object'],
  ])('rejects a grant with %s, and keeps the tokens', async (_, grant, message) => {
    const { session } = createVirtualClient();
    const { state } = session;
    const update = session.update(grant as unknown as TokenGrant); // plain JavaScript
    await expect(update).rejects.toThrow(new TypeError(message));
    expect(session.state).toBe(state);
  });

  it('waits for a store that answers later', async () => {
    const { cell, store } = createCellStore(tokens('T1'));
    const { session } = createVirtualClient({ store: { ...store, load: async () => cell.tokens } });
    await session.update(T2);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2', sessionId: 's' } });
    expect(cell.tokens).toMatchObject({ accessToken: 'T2' });
  });

  it('does not reach a session that begins before the store has answered', async () => {
    const { cell, store } = createCellStore(tokens('T1'));
    const { session } = createVirtualClient({ store: { ...store, load: async () => cell.tokens } });
    const update = session.update(T2);
    session.signIn({ accessToken: 'B1' });
    await expect(update).rejects.toMatchObject({ code: 'signed-out' });
    expect(session.state).toMatchObject({ tokens: { accessToken: 'B1' } });
    expect(cell.tokens).toMatchObject({ accessToken: 'B1' });
  });

  it('yields to a sign-out that the notification of its own write leads to', async () => {
    const { cell, store } = createCellStore(tokens('T1'));
    const { session } = createVirtualClient({
      store: {
        ...store,
        save: (saved) => {
          cell.tokens = saved;
          if (saved.accessToken === 'T2') session.signOut();
        },
      },
    });
    await session.update(T2);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    expect(cell.tokens).toBeNull();
  });

  it('is taken over by another session on the store, also during a refresh', () => {
    const { cell, store } = createCellStore(tokens('T1', { revision: 1 }));
    const changes$ = new Subject<null>();
    const shared = { ...store, changes$ };
    const late = new Subject<TokenGrant>();
    const first = createVirtualClient({ store: shared });
    const second = createVirtualClient({ store: shared, refresh: () => late });
    const { notifications } = observe(second.api.get$('/a'));
    first.session.update(T2);
    changes$.next(null);
    late.next({ accessToken: 'T3', refreshToken: 'R3' });
    expect(notifications).toMatchObject([{ by: 'T2' }, 'done']);
    expect(second.session.state).toMatchObject({ tokens: { accessToken: 'T2', revision: 2 } });
    expect(cell.tokens).toMatchObject({ accessToken: 'T2', refreshToken: 'R2', revision: 2 });
  });

  it('is seen by a refresh of another session that was not notified', () => {
    const { cell, store } = createCellStore(tokens('T1', { revision: 1 }));
    const late = new Subject<TokenGrant>();
    const first = createVirtualClient({ store });
    const second = createVirtualClient({ store, refresh: () => late });
    const { notifications } = observe(second.api.get$('/a'));
    first.session.update(T2);
    late.next({ accessToken: 'T3', refreshToken: 'R3' });
    expect(notifications).toMatchObject([{ by: 'T2' }, 'done']);
    expect(cell.tokens).toMatchObject({ accessToken: 'T2', refreshToken: 'R2', revision: 2 });
  });

  it('leaves no token in events', () => {
    const { api, session } = createVirtualClient();
    const events: ApiEvent[] = [];
    api.events$.subscribe((event) => events.push(event));
    session.update({ accessToken: 'SECRET', extras: { id: 'SECRET' } });
    expect(JSON.stringify(events)).not.toContain('SECRET');
  });
});

describe.each(['HTTP 401', 'code 1002'] as const)('update in one of six tabs, by %s', (signal) => {
  it.each([
    ['that is refreshing', 0],
    ['that waits for the refresh of another one', 5],
  ])('answers all requests of all tabs with the new tokens, in a tab %s', async (_, at) => {
    const browser = installBrowser(signal);
    const tabs = Array.from({ length: 6 }, () => browser.open());
    const outcomes = tabs.flatMap((tab) => Array.from({ length: 17 }, () => tab.get()));
    await browser.advance(10);
    expect(browser.authServer.presented).toEqual(['R1']);
    tabs[at]?.session.update({ accessToken: 'T9', refreshToken: 'R9' });
    await browser.advance(2_000);
    expect(outcomes).toEqual(outcomes.map(() => sentWith('T9')));
    expect(browser.authServer.presented).toEqual(['R1']);
    for (const { session } of tabs) {
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T9', refreshToken: 'R9' } });
    }
    expect(browser.storage.getItem('renewal')).toContain('T9');
    expect([browser.locks.held, browser.locks.pending]).toEqual([[], []]);
  });
});
