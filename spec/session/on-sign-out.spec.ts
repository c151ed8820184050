import { memoryStore, SessionExpiredError, type SessionOptions, type TokenGrant, type Tokens } from 'renewal';
import { delay, EMPTY, NEVER, Observable, of, Subject, take, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { eventsOf, warningsIn } from '../support/events';
import { outcomeOf } from '../support/http-client';
import { createVirtualClient, virtually } from '../support/virtual';

const GRANT: TokenGrant = { accessToken: 'T1', refreshToken: 'R1' };

/** A client of one session, and the tokens that its `onSignOut` was called with. */
const createClient = (options: Parameters<typeof createVirtualClient>[0] = {}) => {
  const revoked: Tokens[] = [];
  const { onSignOut = () => EMPTY, ...others } = options;
  const client = createVirtualClient({
    isDead: () => false,
    ...others,
    onSignOut: (tokens) => {
      revoked.push(tokens);
      return onSignOut(tokens);
    },
  });
  return { ...client, revoked, events: eventsOf(client.api) };
};

describe('onSignOut', () => {
  it('is called once with the last tokens, after the state has changed', async () => {
    const { session, revoked } = createClient({ onSignOut: () => of(states.push(session.state.status)) });
    const states: string[] = [];
    session.state$.subscribe(({ status }) => states.push(status));
    await session.signOut();
    expect(revoked).toMatchObject([{ ...GRANT, sessionId: expect.any(String) }]);
    expect(states).toEqual(['active', 'signed-out', 'signed-out']);
    await session.signOut();
    expect(revoked).toHaveLength(1);
  });

  it('is called with the tokens of the latest refresh', async () => {
    const { session, revoked } = createClient({ refresh: () => of({ accessToken: 'T2', refreshToken: 'R2' }) });
    outcomeOf(session.refresh$());
    await session.signOut();
    expect(revoked).toMatchObject([{ accessToken: 'T2', refreshToken: 'R2' }]);
  });

  it('is called with the tokens that a refresh has and is still saving', async () => {
    const saved = new Subject<void>();
    const store = {
      load: () => ({ accessToken: 'T1', refreshToken: 'R1', sessionId: 's1' }),
      save: () => new Promise<void>((resolve) => saved.subscribe(() => resolve())),
      clear: () => {},
    };
    const { session, revoked } = createClient({ store, refresh: () => of({ accessToken: 'T2', refreshToken: 'R2' }) });
    outcomeOf(session.refresh$());
    const signedOut = session.signOut();
    expect(revoked).toMatchObject([{ accessToken: 'T2', refreshToken: 'R2' }]);
    saved.next();
    await signedOut;
  });

  it('is called after the waiting requests have failed and the refresh is cancelled', async () => {
    const order: string[] = [];
    const { api, session } = createClient({
      isDead: () => true,
      refresh: () => new Observable(() => () => order.push('cancelled')),
      onSignOut: () => of(order.push('onSignOut')),
    });
    api.get$('/a').subscribe({ error: ({ code }) => order.push(code) });
    await session.signOut();
    expect(order).toEqual(['cancelled', 'signed-out', 'onSignOut']);
  });

  it('is called after all subscribers of the state, if one of them has signed out', () => {
    const order: string[] = [];
    const { session } = createClient({ store: memoryStore(), onSignOut: () => of(order.push('onSignOut')) });
    session.state$.subscribe(({ status }) => status === 'active' && session.signOut());
    session.state$.subscribe(({ status }) => order.push(status));
    session.signIn(GRANT);
    expect(order).toEqual(['signed-out', 'active', 'signed-out', 'onSignOut']);
  });

  it('is not waited for by signOut, and not cancelled by it or by destroy', () => {
    virtually(({ flush }) => {
      const done: string[] = [];
      const revocation$ = of('revoked').pipe(delay(60_000));
      const { session, events } = createClient({
        onSignOut: () =>
          new Observable((subscriber) => revocation$.subscribe((word) => subscriber.next(done.push(word)))),
      });
      session.signOut();
      session.destroy();
      expect(done).toEqual([]);
      flush();
      expect([done, warningsIn(events)]).toEqual([['revoked'], []]);
    });
  });

  it('lets signOut resolve although it never ends', async () => {
    const { session, revoked } = createClient({ onSignOut: () => NEVER });
    await session.signOut();
    expect(revoked).toHaveLength(1);
  });
});

describe('onSignOut is not called', () => {
  it('if nobody is signed in', async () => {
    const { session, revoked } = createClient({ store: memoryStore() });
    await session.signOut();
    expect(revoked).toEqual([]);
  });

  it('if the store has not answered yet', async () => {
    const store = { load: () => new Promise<null>(() => {}), save: () => {}, clear: () => {} };
    const { session, revoked } = createClient({ store });
    await session.signOut();
    expect(revoked).toEqual([]);
  });

  it('for a refusal', () => {
    const { api, session, revoked } = createClient({
      isDead: () => true,
      refresh: () => throwError(() => new SessionExpiredError('refused')),
    });
    outcomeOf(api.get$('/a'));
    expect([session.state.status, revoked]).toEqual(['signed-out', []]);
  });

  it('for a sign-out of another session on the store', async () => {
    const store = memoryStore(GRANT);
    const [one, other] = [createClient({ store }), createClient({ store })];
    other.session.state$.subscribe();
    await one.session.signOut();
    expect([one.session.state.status, other.session.state.status]).toEqual(['signed-out', 'signed-out']);
    expect([one.revoked.length, other.revoked.length]).toEqual([1, 0]);
    await other.session.signOut();
    expect(other.revoked).toEqual([]);
  });

  it('for a sign-in over a session', async () => {
    const { session, revoked } = createClient();
    await session.signIn({ accessToken: 'T9' });
    expect(revoked).toEqual([]);
    await session.signOut();
    expect(revoked).toMatchObject([{ accessToken: 'T9' }]);
  });

  it('by destroy, nor by a sign-out after it', async () => {
    const { session, revoked } = createClient();
    session.destroy();
    await session.signOut();
    expect(revoked).toEqual([]);
  });

  it('twice if a subscriber of the state, or of the store, signs out too', async () => {
    const store = memoryStore(GRANT);
    const { session, revoked } = createClient({ store });
    session.state$.subscribe(({ status }) => status === 'signed-out' && session.signOut());
    store.changes$?.pipe(take(1)).subscribe(() => session.signOut());
    await session.signOut();
    expect(revoked).toHaveLength(1);
  });
});

const fail = (): never => {
  throw new RangeError('T1');
};

const faults: [string, SessionOptions['onSignOut'], string][] = [
  ['throws', () => fail(), 'RangeError'],
  ['rejects', () => Promise.reject(new RangeError('T1')), 'RangeError'],
  ['errors', () => throwError(() => new RangeError('T1')), 'RangeError'],
  ['errors without a reason', () => throwError(() => undefined), 'no answer'],
  ['returns nothing', () => undefined as never, 'TypeError'],
  ['returns a text', () => 'T1', 'TypeError'],
  ['returns true', () => true as never, 'TypeError'],
];

describe.each(faults)('onSignOut that %s', (_, onSignOut, name) => {
  it('is a warning without a token, and signOut resolves', async () => {
    const { session, events } = createClient({ onSignOut });
    await session.signOut();
    await Promise.resolve();
    expect(warningsIn(events)).toEqual([`onSignOut: ${name}`]);
    expect(JSON.stringify(events)).not.toContain('T1');
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
  });
});

describe('a request inside onSignOut', () => {
  it('leaves without a token, and starts no refresh', async () => {
    const refreshes: Tokens[] = [];
    const { api, session, sent } = createClient({
      isDead: () => true,
      refresh: (tokens) => of({ accessToken: `T${refreshes.push(tokens)}` }),
      onSignOut: ({ refreshToken }) => api.post$('/revoke', new URLSearchParams({ token: `${refreshToken}` })),
    });
    await session.signOut();
    expect([sent, refreshes]).toEqual([['POST /revoke -'], []]);
  });

  it('leaves without the token of a session that has begun in the same tick', async () => {
    const { api, session, sent } = createClient({ onSignOut: () => api.post$('/revoke') });
    session.state$.subscribe(({ status }) => status === 'signed-out' && session.signIn({ accessToken: 'T9' }));
    await session.signOut();
    outcomeOf(api.get$('/a'));
    expect(sent).toEqual(['POST /revoke -', 'GET /a T9']);
  });

  it('ends with the call: a listener of its warning has the next session', async () => {
    const { api, session, sent } = createClient({ onSignOut: fail });
    session.state$.subscribe(({ status }) => status === 'signed-out' && session.signIn({ accessToken: 'T9' }));
    api.events$.subscribe(({ type }) => type === 'warning' && outcomeOf(api.get$('/a')));
    await session.signOut();
    expect(sent).toEqual(['GET /a T9']);
  });
});
