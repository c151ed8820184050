import { createSession, memoryStore, SessionExpiredError, type TokenStore, type Tokens } from 'renewal';
import { EMPTY, finalize, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { describeEvent, eventsOf, warningsIn } from '../../support/events';
import { completedWith, outcomeOf, shownOf } from '../../support/http-client';
import { installPage } from '../../support/page';
import { createQuietStore } from '../../support/quiet-store';
import { createVirtualClient } from '../../support/virtual';

const tokens = (number: number, sessionId: string): Tokens => ({
  accessToken: `T${number}`,
  refreshToken: `R${number}`,
  sessionId,
});

/** A session over a store with `changes$`, which `write` changes externally. */
const createShared = (
  options: Parameters<typeof createVirtualClient>[0] = {},
  backing: TokenStore = createQuietStore({ accessToken: 'T1', refreshToken: 'R1' }),
) => {
  const changes = new Subject<Tokens | null>();
  let loads = 0;
  const store: TokenStore = {
    ...backing,
    load: () => {
      loads++;
      return backing.load();
    },
    changes$: changes,
  };
  const client = createVirtualClient({ store, isDead: () => false, ...options });
  const id = Object(backing.load()).sessionId;
  /** Writes as another tab does, with a hint of `changes$`. */
  const write = (written: Tokens | null): void => {
    if (written) backing.save(written);
    else backing.clear();
    changes.next(written);
  };
  return { ...client, changes, backing, id, write, loads: () => loads, events: eventsOf(client.api) };
};

describe('an external change', () => {
  it('is observed from the first use of the session until destroy', () => {
    for (const use of ['a request', 'state$', 'keepFresh$', 'accessToken$', 'refresh$']) {
      const { session, api, changes } = createShared({ refresh: () => NEVER });
      expect(changes.observed).toBe(false);
      if (use === 'a request') outcomeOf(api.get$('/a'));
      if (use === 'state$') session.state$.subscribe().unsubscribe();
      if (use === 'keepFresh$') session.keepFresh$().subscribe().unsubscribe();
      if (use === 'accessToken$') session.accessToken$().subscribe();
      if (use === 'refresh$') session.refresh$().subscribe().unsubscribe();
      expect(changes.observed, use).toBe(true);
      session.destroy();
      expect(changes.observed, use).toBe(false);
      session.state$.subscribe();
      expect(changes.observed, use).toBe(false);
    }
  });

  it('is observed by one subscription, however often the session is used', () => {
    let count = 0;
    const store: TokenStore = { ...memoryStore(), changes$: new Observable(() => void count++) };
    const session = createSession({ store, refresh: () => EMPTY });
    for (let use = 0; use < 3; use++) session.state$.subscribe();
    expect(count).toBe(1);
  });

  it('costs requests with a live token one read, at the first use', () => {
    const { api, loads } = createShared();
    const before = loads();
    outcomeOf(api.get$('/a'));
    expect(loads()).toBe(before + 1);
    for (const path of ['/b', '/c']) outcomeOf(api.get$(path));
    expect(loads()).toBe(before + 1);
  });

  it('is found at the first use if it happened before', () => {
    const { session, backing } = createShared();
    backing.save(tokens(5, 'other'));
    expect(session.state).toMatchObject({ tokens: { accessToken: 'T1' } });
    const seen: unknown[] = [];
    session.state$.subscribe((state) => seen.push(state));
    expect(seen).toEqual([{ status: 'active', generation: 2, tokens: tokens(5, 'other') }]);
  });

  it('may be new tokens: later requests are sent with them', () => {
    const { session, api, id, write, events } = createShared();
    session.state$.subscribe();
    write(tokens(2, id));
    expect(session.state).toMatchObject({ status: 'active', tokens: tokens(2, id), generation: 2 });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
    expect(events.map(describeEvent)[0]).toBe('session adopted, generation 2');
  });

  it('may be a sign-out, a sign-in, or a sign-in over another session', () => {
    const { session, write } = createShared();
    session.state$.subscribe();
    write(null);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    write(tokens(5, 'five'));
    expect(session.state).toMatchObject({ status: 'active', tokens: tokens(5, 'five') });
    write(tokens(6, 'six'));
    expect(session.state).toMatchObject({ status: 'active', tokens: tokens(6, 'six') });
  });

  it('changes nothing if the store holds the tokens of this session', () => {
    const { session, changes, backing } = createShared();
    session.state$.subscribe();
    const before = session.state;
    changes.next(backing.load() as Tokens); // it holds some
    expect(session.state).toBe(before);
    outcomeOf(session.refresh$());
    const after = session.state;
    changes.next(backing.load() as Tokens); // it holds some
    expect(session.state).toBe(after);
  });

  it('supersedes a refresh of the same session, and waiting requests are sent', () => {
    let isUnsubscribed = false;
    const refresh = () =>
      NEVER.pipe(
        finalize(() => {
          isUnsubscribed = true;
        }),
      );
    const { session, api, id, write, events } = createShared({ refresh, isDead: (token) => token === 'T1' });
    const outcome = outcomeOf(api.get$('/a'));
    expect(session.state.status).toBe('refreshing');
    write(tokens(2, id));
    expect(isUnsubscribed).toBe(true);
    expect(outcome).toEqual(completedWith({ by: 'T2' }));
    expect(events.map(describeEvent)).toContain('refresh 1 succeeded, generation 1, waiting 1');
  });

  it('supersedes no refresh if its tokens are expired', () => {
    const { session, api, id, write } = createShared({ refresh: () => NEVER, isDead: (token) => token === 'T1' });
    outcomeOf(api.get$('/a'));
    write({ ...tokens(2, id), expiresAtMs: 1 });
    expect(session.state).toMatchObject({ status: 'refreshing', tokens: { accessToken: 'T1' } });
  });

  it.each([
    ['a sign-out', null],
    ['another session', tokens(5, 'other')],
  ])('ends a running refresh, and its waiters with SignedOutError, if it is %s', (_, written) => {
    const grants = new Subject<{ accessToken: string }>();
    const { session, api, backing, write, events } = createShared({
      refresh: () => grants,
      isDead: (token) => token === 'T1',
    });
    const outcome = outcomeOf(api.get$('/a'));
    write(written);
    expect(outcome.error).toMatchObject({ code: 'signed-out' });
    expect(events.map(describeEvent)).toContain(
      'refresh 1 failed, generation 1, waiting 1, kind signed-out, final false',
    );
    const { state } = session;
    grants.next({ accessToken: 'T9' });
    expect(session.state).toBe(state);
    expect(backing.load()).toEqual(written);
  });

  it('is cleared if its tokens are of a session that was signed out here', () => {
    const { session, id, backing, write } = createShared();
    session.state$.subscribe();
    void session.signOut();
    write(tokens(2, id));
    expect(session.state.status).toBe('signed-out');
    expect(backing.load()).toBeNull();
  });

  it('is adopted after a refusal here, as another tab may have refreshed', () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const refresh = () => throwError(() => new SessionExpiredError('spent'));
    const { session, id, write } = createShared({ refresh });
    outcomeOf(session.refresh$());
    vi.advanceTimersByTime(1_000);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
    write(tokens(2, id));
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
  });

  it('is adopted after a sign-out if no tokens have a session id', () => {
    const backing = memoryStore();
    backing.save(tokens(1, ''));
    const { session, write } = createShared({}, backing);
    session.state$.subscribe();
    void session.signOut();
    write(tokens(2, ''));
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
  });

  it('costs no read at later uses of the session', () => {
    const { session, loads } = createShared();
    session.state$.subscribe();
    const before = loads();
    session.state$.subscribe();
    session.accessToken$().subscribe();
    expect(loads()).toBe(before);
  });

  it('may be malformed, or fail: the session warns and goes on', () => {
    const { session, changes, write, id, events } = createShared();
    session.state$.subscribe();
    write({ accessToken: 'hidden\n', sessionId: 's' });
    write({} as Tokens); // a broken store may do so
    write(tokens(2, id));
    expect(session.state).toMatchObject({ tokens: { accessToken: 'T2' } });
    changes.error(new Error('hidden'));
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
    expect(warningsIn(events)).toEqual(['load: TypeError', 'load: TypeError', 'changes$: Error']);
    expect(shownOf(events)).not.toContain('hidden');
  });

  it('is not awaited after a first load that failed: a later use reads again', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const backing = createQuietStore({ accessToken: 'T1', refreshToken: 'R1' });
    let isFailing = true;
    const load = () => {
      if (isFailing) throw new Error('no connection');
      return backing.load();
    };
    const { session } = createVirtualClient({ store: { ...backing, load, changes$: NEVER } });
    session.state$.subscribe();
    expect(session.state.status).toBe('signed-out');
    isFailing = false;
    session.state$.subscribe();
    expect(session.state.status).toBe('signed-out');
    vi.advanceTimersByTime(1_000);
    expect(outcomeOf(session.accessToken$())).toEqual(completedWith('T1'));
  });

  it('is read from the store, whatever changes$ emits', () => {
    const { session, changes, write, id } = createShared();
    session.state$.subscribe();
    write({ ...tokens(3, id), revision: 3 });
    changes.next({ ...tokens(2, id), revision: 2 });
    changes.next(null);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T3' } });
  });

  it.each([
    ['errors at once', throwError(() => new Error('x'))],
    ['completes at once', EMPTY],
    ['emits at once', of(null)],
  ])('does no harm if changes$ %s', (_, changes$) => {
    const store: TokenStore = { ...memoryStore(), changes$ };
    const session = createSession({ store, refresh: () => EMPTY });
    session.state$.subscribe();
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
  });
});

describe('a page that is shown again', () => {
  it('reads the store, and compares sessions', () => {
    const page = installPage();
    const { session, backing } = createShared();
    session.state$.subscribe();
    backing.save(tokens(5, 'other'));
    page.show();
    expect(session.state).toMatchObject({ status: 'active', tokens: tokens(5, 'other') });
    backing.clear();
    page.restore();
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    session.destroy();
    expect(page.listeners).toBe(0);
  });

  it('changes nothing after an external change has ended a refresh', () => {
    const page = installPage();
    const { session, api, id, write } = createShared({ refresh: () => NEVER, isDead: (token) => token === 'T1' });
    outcomeOf(api.get$('/a'));
    write(tokens(2, id));
    const { state } = session;
    page.show();
    expect(session.state).toBe(state);
    session.destroy();
  });

  it('has no listener for a store without changes$', () => {
    const page = installPage();
    const { session } = createVirtualClient({ store: createQuietStore() });
    session.state$.subscribe();
    expect(page.listeners).toBe(0);
  });
});
