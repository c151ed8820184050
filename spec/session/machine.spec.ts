import { createSession, type SessionState, type TokenGrant } from 'renewal';
import { NEVER, of } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createCellStore, tokens, watch } from '../support/cell-store';
import { eventsOf } from '../support/events';
import { createVirtualClient } from '../support/virtual';

const T2: TokenGrant = { accessToken: 'T2', refreshToken: 'R2' };

describe('state$', () => {
  it('shows every subscriber the same states in the same order, whatever they do in between', () => {
    const { session } = createVirtualClient();
    const first: string[] = [];
    const second: string[] = [];
    const show = ({ status, generation }: SessionState) => `${status} ${generation}`;
    session.state$.subscribe((state) => {
      first.push(show(state));
      if (state.generation === 2) session.signOut();
    });
    session.state$.subscribe((state) => second.push(show(state)));
    session.signIn({ accessToken: 'T2' });
    expect(first).toEqual(['active 1', 'active 2', 'signed-out 3']);
    expect(second).toEqual(first);
  });

  it('ends with what the session is, also where one who hears of a change by events$ makes another', () => {
    const { api, session } = createVirtualClient();
    const states = watch(session.state$).seen;
    const phases: string[] = [];
    api.events$.subscribe((event) => {
      if (event.type !== 'session') return;
      phases.push(event.phase);
      if (event.phase === 'signed-in') session.signOut();
    });
    session.signIn({ accessToken: 'T2' });
    expect(session.state.status).toBe('signed-out');
    expect(states).toMatchObject([{ status: 'active' }, { status: 'active' }, { status: 'signed-out' }]);
    expect(phases).toEqual(['signed-in', 'signed-out']);
  });

  it('shows that the session has ended before it completes, also where a subscriber destroys it', () => {
    const { session } = createVirtualClient();
    session.state$.subscribe(({ generation }) => {
      if (generation === 2) session.destroy();
    });
    const { seen } = watch(session.state$);
    session.signIn({ accessToken: 'T2' });
    expect(seen.slice(1)).toMatchObject([{ status: 'active' }, { status: 'signed-out' }, 'done']);
  });

  it('lets a subscriber send requests, which leave with what the session has become', () => {
    const { api, session, sent } = createVirtualClient({ refresh: () => of(T2) });
    session.state$.subscribe((state) => {
      if (state.status === 'active' && state.generation === 2) api.get$('/inside').subscribe();
    });
    api.get$('/outside').subscribe();
    expect(sent).toEqual(['GET /outside T1', 'GET /inside T2', 'GET /outside T2']);
  });

  it('completes on destroy, and the session stays signed out', async () => {
    const { session, api, sent } = createVirtualClient();
    const { seen } = watch(session.state$);
    session.destroy();
    expect(seen.at(-1)).toBe('done');
    await expect(session.signIn({ accessToken: 'T2' })).rejects.toMatchObject({ code: 'signed-out' });
    watch(api.get$('/a'));
    expect(sent).toEqual(['GET /a -']);
    const { store } = createCellStore(tokens('T1'));
    createSession({ store, refresh: () => NEVER }).destroy();
    expect(store.load()).not.toBeNull();
  });
});

describe('a listener of events$', () => {
  it('that signs in on hearing who waits costs no refresh of what it has signed in with', () => {
    const refresh = vi.fn(() => of(T2));
    const { api, session } = createVirtualClient({ isDead: (token) => token === 'T1', refresh });
    let isOnce = true;
    api.events$.subscribe(({ type, ...event }) => {
      if (type !== 'request' || !('phase' in event) || event.phase !== 'held' || !isOnce) return;
      isOnce = false;
      session.signIn({ accessToken: 'B1' });
    });
    expect(watch(api.get$('/a')).seen).toMatchObject([{ error: { code: 'signed-out' } }]);
    expect(refresh).not.toHaveBeenCalled();
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'B1' } });
  });
});

describe('an action that changes nothing', () => {
  it('is not published', () => {
    const { api, session } = createVirtualClient();
    const { seen } = watch(session.state$);
    const told = eventsOf(api);
    session.signOut();
    session.signOut();
    expect(seen).toHaveLength(2);
    expect(told).toHaveLength(1);
  });
});
