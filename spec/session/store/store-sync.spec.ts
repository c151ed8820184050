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

/** A session over a store that tells of changes, and that others write to. */
const createShared = (
  options: Parameters<typeof createVirtualClient>[0] = {},
  kept: TokenStore = createQuietStore({ accessToken: 'T1', refreshToken: 'R1' }),
) => {
  const changes = new Subject<Tokens | null>();
  let loads = 0;
  const store: TokenStore = {
    ...kept,
    load: () => {
      loads++;
      return kept.load();
    },
    changes$: changes,
  };
  const client = createVirtualClient({ store, isDead: () => false, ...options });
  const id = Object(kept.load()).sessionId;
  /** Someone else writes, and the store tells of it. */
  const write = (written: Tokens | null): void => {
    if (written) kept.save(written);
    else kept.clear();
    changes.next(written);
  };
  return { ...client, changes, kept, id, write, loads: () => loads, events: eventsOf(client.api) };
};

describe('what a store tells', () => {
  it('is followed from the first use of the session on, until it is destroyed', () => {
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

  it('is followed once, however often the session is used', () => {
    let count = 0;
    const store: TokenStore = { ...memoryStore(), changes$: new Observable(() => void count++) };
    const session = createSession({ store, refresh: () => EMPTY });
    for (let turn = 0; turn < 3; turn++) session.state$.subscribe();
    expect(count).toBe(1);
  });

  it('costs a request with a live token no look into the store but for the first', () => {
    const { api, loads } = createShared();
    const before = loads();
    outcomeOf(api.get$('/a'));
    expect(loads()).toBe(before + 1);
    for (const path of ['/b', '/c']) outcomeOf(api.get$(path));
    expect(loads()).toBe(before + 1);
  });

  it('that happened before the first use is found in the store', () => {
    const { session, kept } = createShared();
    kept.save(tokens(5, 'other'));
    expect(session.state).toMatchObject({ tokens: { accessToken: 'T1' } });
    const seen: unknown[] = [];
    session.state$.subscribe((state) => seen.push(state));
    expect(seen).toEqual([{ status: 'active', generation: 2, tokens: tokens(5, 'other') }]);
  });

  it('are new tokens: requests leave with them', () => {
    const { session, api, id, write, events } = createShared();
    session.state$.subscribe();
    write(tokens(2, id));
    expect(session.state).toMatchObject({ status: 'active', tokens: tokens(2, id), generation: 2 });
    expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
    expect(events.map(describeEvent)[0]).toBe('session adopted, generation 2');
  });

  it('is a sign-out, a sign-in, and a sign-in over another', () => {
    const { session, write } = createShared();
    session.state$.subscribe();
    write(null);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    write(tokens(5, 'five'));
    expect(session.state).toMatchObject({ status: 'active', tokens: tokens(5, 'five') });
    write(tokens(6, 'six'));
    expect(session.state).toMatchObject({ status: 'active', tokens: tokens(6, 'six') });
  });

  it('is nothing new where it is what this session has written, or had', () => {
    const { session, changes, kept } = createShared();
    session.state$.subscribe();
    const before = session.state;
    changes.next(kept.load() as Tokens); // it holds some
    expect(session.state).toBe(before);
    outcomeOf(session.refresh$());
    const after = session.state;
    changes.next(kept.load() as Tokens); // it holds some
    expect(session.state).toBe(after);
  });

  it('supersede a refresh of the same session, and waiting requests are sent with them', () => {
    let isLetGo = false;
    const refresh = () =>
      NEVER.pipe(
        finalize(() => {
          isLetGo = true;
        }),
      );
    const { session, api, id, write, events } = createShared({ refresh, isDead: (token) => token === 'T1' });
    const outcome = outcomeOf(api.get$('/a'));
    expect(session.state.status).toBe('refreshing');
    write(tokens(2, id));
    expect(isLetGo).toBe(true);
    expect(outcome).toEqual(completedWith({ by: 'T2' }));
    expect(events.map(describeEvent)).toContain('refresh 1 succeeded, generation 1, waiting 1');
  });

  it('do not supersede it if they are past their expiry: the refresh judges them', () => {
    const { session, api, id, write } = createShared({ refresh: () => NEVER, isDead: (token) => token === 'T1' });
    outcomeOf(api.get$('/a'));
    write({ ...tokens(2, id), expiresAtMs: 1 });
    expect(session.state).toMatchObject({ status: 'refreshing', tokens: { accessToken: 'T1' } });
  });

  it.each([
    ['a sign-out', null],
    ['another session', tokens(5, 'other')],
  ])('ends the refresh that runs, and its waits with SignedOutError, where it is %s', (_, written) => {
    const answer = new Subject<{ accessToken: string }>();
    const { session, api, kept, write, events } = createShared({
      refresh: () => answer,
      isDead: (token) => token === 'T1',
    });
    const outcome = outcomeOf(api.get$('/a'));
    write(written);
    expect(outcome.error).toMatchObject({ code: 'signed-out' });
    expect(events.map(describeEvent)).toContain(
      'refresh 1 failed, generation 1, waiting 1, kind signed-out, final false',
    );
    const { state } = session;
    answer.next({ accessToken: 'T9' });
    expect(session.state).toBe(state);
    expect(kept.load()).toEqual(written);
  });

  it('brings back no session that was ended here: what is left of it is cleared', () => {
    const { session, id, kept, write } = createShared();
    session.state$.subscribe();
    void session.signOut();
    write(tokens(2, id));
    expect(session.state.status).toBe('signed-out');
    expect(kept.load()).toBeNull();
  });

  it('are adopted after a refusal here, as another tab may have got them', () => {
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

  it('is taken over after a sign-out where neither says whose it is', () => {
    const kept = memoryStore();
    kept.save(tokens(1, ''));
    const { session, write } = createShared({}, kept);
    session.state$.subscribe();
    void session.signOut();
    write(tokens(2, ''));
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
  });

  it('is looked for once, however often the session is waited for', () => {
    const { session, loads } = createShared();
    session.state$.subscribe();
    const before = loads();
    session.state$.subscribe();
    session.accessToken$().subscribe();
    expect(loads()).toBe(before);
  });

  it('may be malformed, or fail: that is a warning, and the session goes on', () => {
    const { session, changes, write, id, events } = createShared();
    session.state$.subscribe();
    write({ accessToken: 'hidden\n', sessionId: 's' });
    write({} as Tokens); // as a broken store may
    write(tokens(2, id));
    expect(session.state).toMatchObject({ tokens: { accessToken: 'T2' } });
    changes.error(new Error('hidden'));
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
    expect(warningsIn(events)).toEqual(['load: TypeError', 'load: TypeError', 'changes$: Error']);
    expect(shownOf(events)).not.toContain('hidden');
  });

  it('is a hint: what the store holds counts, whatever it tells', () => {
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
    ['tells at once what is there', of(null)],
  ])('does no harm where it %s', (_, changes$) => {
    const store: TokenStore = { ...memoryStore(), changes$ };
    const session = createSession({ store, refresh: () => EMPTY });
    session.state$.subscribe();
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
  });
});

describe('a page that is shown again', () => {
  it('looks into the store, and compares sessions', () => {
    const page = installPage();
    const { session, kept } = createShared();
    session.state$.subscribe();
    kept.save(tokens(5, 'other'));
    page.show();
    expect(session.state).toMatchObject({ status: 'active', tokens: tokens(5, 'other') });
    kept.clear();
    page.restore();
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    session.destroy();
    expect(page.listeners).toBe(0);
  });

  it('finds nothing new in what ended a refresh here', () => {
    const page = installPage();
    const { session, api, id, write } = createShared({ refresh: () => NEVER, isDead: (token) => token === 'T1' });
    outcomeOf(api.get$('/a'));
    write(tokens(2, id));
    const { state } = session;
    page.show();
    expect(session.state).toBe(state);
    session.destroy();
  });

  it('is not listened to for a store that tells nothing', () => {
    const page = installPage();
    const { session } = createVirtualClient({ store: createQuietStore() });
    session.state$.subscribe();
    expect(page.listeners).toBe(0);
  });
});
