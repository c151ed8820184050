import { memoryStore, type TokenStore, type Tokens } from 'renewal';
import { lastValueFrom, of } from 'rxjs';
import { expect, it } from 'vitest';
import { createBarrier } from '../../support/barrier';
import { eventsOf, warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { createVirtualClient } from '../../support/virtual';

const GRANT = { accessToken: 'T1', refreshToken: 'R1' };

/** A promise of another implementation, which calls back in the same tick. */
const thenable = <T>(value: T): PromiseLike<T> => {
  const kept = {
    // biome-ignore lint/suspicious/noThenProperty: being a thenable is what it is for.
    then: (done?: ((value: T) => unknown) | null) => {
      done?.(value);
      return kept;
    },
  };
  // Only the part of `PromiseLike` that RxJS uses.
  return kept as unknown as PromiseLike<T>;
};

/** The kinds of results of a method. */
const WAYS = {
  'a value': <T>(value: T) => value,
  'a promise': <T>(value: T) => Promise.resolve(value),
  'a thenable': thenable,
} as const;
type Way = keyof typeof WAYS;

const ALL = Object.keys(WAYS) as Way[]; // an object literal has no other keys
const MIXES = ALL.flatMap((load) => ALL.flatMap((save) => ALL.map((clear) => [load, save, clear] as const)));

const createMixed = (load: Way, save: Way, clear: Way) => {
  const cell: { held: Tokens | null } = { held: { ...GRANT, sessionId: 's' } };
  const hold = (tokens: Tokens | null): void => {
    cell.held = tokens;
  };
  const store: TokenStore = {
    load: () => WAYS[load](cell.held),
    save: (tokens) => WAYS[save](hold(tokens)),
    clear: () => WAYS[clear](hold(null)),
  };
  return { cell, store };
};

failureMode(
  {
    id: 'I5',
    title: 'Synchronous and asynchronous stores behave differently',
    renewal:
      'Each method of a store may return a value or a promise; a synchronous result costs no tick, and requests wait for an asynchronous one.',
    threads: ['Flyrell/axios-auth-refresh#229'],
  },
  (signal) => {
    it.each(MIXES)('refreshes, signs in and signs out: load is %s, save %s, clear %s', async (...mix) => {
      const { cell, store } = createMixed(...mix);
      const { api, session, sent } = createVirtualClient({ signal, store, refresh: createIssuer().refresh });
      expect(await lastValueFrom(api.get$('/a'))).toEqual({ by: 'T2' });
      expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
      expect(cell.held).toMatchObject({ accessToken: 'T2', refreshToken: 'R2' });
      await session.signIn({ accessToken: 'B1' });
      expect(cell.held).toMatchObject({ accessToken: 'B1' });
      await session.signOut();
      expect(cell.held).toBeNull();
    });

    it.each(['a value', 'a thenable'] as const)('knows the state at once if load returns %s', (load) => {
      const { store } = createMixed(load, 'a promise', 'a promise');
      const { api, session } = createVirtualClient({ signal, store, isDead: () => false });
      expect(session.state).toMatchObject({ status: 'active', tokens: GRANT });
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T1' }));
    });

    it('refreshes in the same tick if every method is synchronous', () => {
      const { store } = createMixed('a thenable', 'a thenable', 'a thenable');
      const { api } = createVirtualClient({ signal, store });
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
    });

    it('sends nothing before an asynchronous load, and then everything in order', async () => {
      const { opened, open } = createBarrier();
      const store: TokenStore = { ...memoryStore(), load: () => opened.then(() => ({ ...GRANT, sessionId: 's' })) };
      const { api, session, sent } = createVirtualClient({ signal, store, isDead: () => false });
      const results = Promise.all(['/a', '/b'].map((path) => lastValueFrom(api.get$(path))));
      await Promise.resolve();
      expect(session.state.status).toBe('loading');
      expect(sent).toEqual([]);
      open();
      expect(await results).toEqual([{ by: 'T1' }, { by: 'T1' }]);
      expect(sent).toEqual(['GET /a T1', 'GET /b T1']);
    });

    it('sends no waiting request before an asynchronous save has ended', async () => {
      const { opened, open } = createBarrier();
      const store: TokenStore = { ...memoryStore(GRANT), save: () => opened };
      const { api, session, sent } = createVirtualClient({ signal, store });
      const result = lastValueFrom(api.get$('/a'));
      await Promise.resolve();
      expect(session.state).toMatchObject({ status: 'refreshing', tokens: GRANT });
      expect(sent).toEqual(['GET /a T1']);
      open();
      expect(await result).toEqual({ by: 'T2' });
    });

    it.each<[string, () => unknown]>([
      ['undefined', () => undefined],
      ['a promise of undefined', () => thenable(undefined)],
      ['an observable', () => of({ ...GRANT, sessionId: 's' })],
      ['a promise of an object without tokens', () => thenable({ token: 'T1' })],
      [
        'a promise whose then throws',
        () => ({
          // biome-ignore lint/suspicious/noThenProperty: being a thenable is what it is for.
          then: () => {
            throw new RangeError();
          },
        }),
      ],
    ])('treats %s from load as an empty store, and sends the request', (_, load) => {
      // Plain JavaScript may return this.
      const store = { ...memoryStore(), load: load as TokenStore['load'] };
      const { api, session, sent } = createVirtualClient({ signal, store, isDead: () => false });
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: '-' }));
      expect(sent).toEqual(['GET /a -']);
    });

    it('warns, and refreshes from memory, when a promise of the store is rejected', async () => {
      const reject = () => Promise.reject(new RangeError('T2'));
      const kept = memoryStore(GRANT);
      let isBroken = false;
      const store: TokenStore = { ...kept, load: () => (isBroken ? reject() : kept.load()), save: reject };
      const { api } = createVirtualClient({ signal, store });
      const events = eventsOf(api);
      isBroken = true;
      expect(await lastValueFrom(api.get$('/a'))).toEqual({ by: 'T2' });
      expect([...new Set(warningsIn(events))]).toEqual(['load: RangeError', 'write: RangeError']);
    });
  },
);
