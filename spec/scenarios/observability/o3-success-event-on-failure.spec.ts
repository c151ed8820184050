import { memoryStore, type Session, type SessionOptions, type TokenGrant, type TokenStore } from 'renewal';
import { EMPTY, mergeMap, NEVER, type Observable, of, throwError, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { describeEvent, eventsOf } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { createVirtualClient, virtually } from '../../support/virtual';

interface End {
  readonly options?: Partial<SessionOptions>;
  /** Runs 5 ms later. */
  readonly act?: (session: Session) => unknown;
}

const after5 = (end: () => Observable<TokenGrant>) => () => timer(5).pipe(mergeMap(end));
const handing =
  (...accessTokens: string[]) =>
  () =>
    of(...accessTokens.map((accessToken) => ({ accessToken })));
const fail = (): never => {
  throw new Error();
};
const failing = () => throwError(() => new Error());
const GRANT = { accessToken: 'T1' };

/** Fails twice, and grants a new token the third time. */
const createStumbling = (): SessionOptions['refresh'] => {
  let tries = 0;
  return () => (++tries < 3 ? failing() : handing('T2')());
};

/** Is refused, while another writer puts newer tokens into the store. */
const createOvertaken = (): Partial<SessionOptions> => {
  const store = memoryStore(GRANT);
  const refresh = after5(() => {
    store.save({ accessToken: 'T2', sessionId: Object(store.load()).sessionId });
    return failing();
  });
  return { store, refresh, isRefused: () => true };
};

/** A store that another writer has cleared before the second read. */
const createCleared = (): TokenStore => {
  const kept = memoryStore(GRANT);
  let asked = 0;
  return { ...kept, load: () => (asked++ ? null : kept.load()) };
};

/** Each ends with the token `T2`. */
const createSuccesses = (): Readonly<Record<string, End>> => ({
  'grants a token': { options: { refresh: after5(handing('T2')) } },
  'grants a token in the same tick': { options: { refresh: handing('T2') } },
  'emits several grants': { options: { refresh: after5(handing('T2', 'T3')) } },
  'succeeds the third time': { options: { refresh: createStumbling(), refreshRetries: 2 } },
  'is refused after another writer has refreshed': { options: createOvertaken() },
  'cannot be stored': { options: { refresh: handing('T2'), store: { ...memoryStore(GRANT), save: fail } } },
  'succeeds in a lock that never ends': {
    options: {
      refresh: handing('T2'),
      store: {
        ...memoryStore(GRANT),
        exclusive: (work) => {
          work.subscribe();
          return NEVER;
        },
      },
    },
  },
});

/** None ends with a token that it has granted. */
const createFailures = (): Readonly<Record<string, End>> => ({
  'fails each time': { options: { refresh: after5(failing), refreshRetries: 2 } },
  'is refused': { options: { refresh: after5(failing), isRefused: () => true } },
  throws: { options: { refresh: fail } },
  'completes without a grant': { options: { refresh: after5(() => EMPTY) } },
  'grants no token': { options: { refresh: after5(handing('')) } },
  'never responds': {},
  'cannot get the lock of the store': {
    options: { refresh: handing('T2'), store: { ...memoryStore(GRANT), exclusive: failing } },
  },
  'is overtaken by a sign-out': { act: (session) => session.signOut() },
  'is overtaken by a sign-in': { act: (session) => session.signIn({ accessToken: 'B1' }) },
  'is overtaken by destroy()': { act: (session) => session.destroy() },
  'finds the store cleared by another writer': { options: { store: createCleared() } },
});

failureMode(
  {
    id: 'O3',
    title: 'A failed refresh is reported as a success',
    renewal:
      'Each refresh is reported once at its start and once at its end, and a success only if the session has its tokens.',
    threads: ['react-keycloak/keycloak-ts#5'],
  },
  (signal) => {
    /** The reported events of refreshes, and the final token of the session. */
    const play = ({ options, act = () => {} }: End = {}) => {
      const reported: string[] = [];
      let token: unknown;
      virtually(({ cold, flush }) => {
        const store = memoryStore(GRANT);
        const { api, session } = createVirtualClient({ signal, store, refresh: () => NEVER, ...options });
        const events = eventsOf(api);
        for (const path of ['/a', '/b']) outcomeOf(api.get$(path));
        cold('-----a').subscribe(() => {
          act(session);
        });
        flush();
        token = Object(session.state).tokens?.accessToken;
        for (const event of events) if (event.type === 'refresh') reported.push(`${event.refreshId} ${event.phase}`);
      });
      return { reported, token };
    };

    it.each(Object.keys(createSuccesses()))('reports a success, once, for a refresh that %s', (name) => {
      expect(play(createSuccesses()[name])).toEqual({ reported: ['1 started', '1 succeeded'], token: 'T2' });
    });

    it.each(Object.keys(createFailures()))('reports a failure, once, for a refresh that %s', (name) => {
      const { reported, token } = play(createFailures()[name]);
      expect(reported).toEqual(['1 started', '1 failed']);
      expect(token).not.toBe('T2');
    });

    it('has the new tokens in the state when it reports a success', () => {
      const { api, session } = createVirtualClient({ signal });
      const shown: unknown[] = [];
      api.events$.subscribe((event) => {
        if (event.type === 'refresh') shown.push([event.phase, Object(session.state).tokens.accessToken]);
      });
      outcomeOf(api.get$('/a'));
      expect(shown).toEqual([
        ['started', 'T1'],
        ['succeeded', 'T2'],
      ]);
    });

    it('reports nothing of a late response after a sign-out has ended its refresh', () => {
      virtually(({ cold, flush }) => {
        const { api, session } = createVirtualClient({ signal, refresh: after5(handing('T2')) });
        const events = eventsOf(api);
        outcomeOf(api.get$('/a'));
        cold('---a').subscribe(() => {
          session.signOut();
        });
        flush();
        const [, , , , started, ...others] = events;
        expect(started).toMatchObject({ type: 'refresh', phase: 'started', atMs: 0 });
        expect(others.map(describeEvent)).toEqual([
          'refresh 1 failed, generation 1, waiting 1, kind signed-out, final false',
          'session signed-out, generation 2',
          'request 1 settled, attempt 1, generation 1, error signed-out',
        ]);
        expect(others.map(({ atMs }) => atMs)).toEqual([3, 3, 3]);
      });
    });
  },
);
