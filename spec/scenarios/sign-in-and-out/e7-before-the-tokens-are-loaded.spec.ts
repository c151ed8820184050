import { memoryStore, type Session, type TokenStore, type Tokens } from 'renewal';
import { EMPTY, lastValueFrom, of } from 'rxjs';
import { expect, it } from 'vitest';
import { createBarrier, createGate, type Gate } from '../../support/barrier';
import { eventsOf, warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { createQuietStore } from '../../support/quiet-store';
import type { Echo, Issued } from '../../support/server';
import { createClient, errorsOf, passedThrough, paths, resultOf, settleAll } from '../../support/server-client';
import { createVirtualClient, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';

/** A store whose reads the test releases. */
const createSlowReads = (initial?: Issued): { readonly store: TokenStore; readonly reads: Gate<string> } => {
  const kept = memoryStore(initial);
  const reads = createGate<string>();
  return { reads, store: { ...kept, load: () => reads.wait('').then(() => kept.load()) } };
};

/** Failures of a store. */
const FAULTS: Readonly<Record<string, TokenStore['load']>> = {
  rejects: () => Promise.reject(new RangeError('no')),
  // Plain JavaScript, or another version, may have stored it.
  'returns nonsense': () => ({ accessToken: 1 }) as unknown as Tokens,
};

failureMode(
  {
    id: 'E7',
    title: 'Requests made before the tokens are loaded leave without one',
    renewal:
      'They wait for the store, at most 5 s, and leave in order with its token; if the store fails or hangs they leave as signed out.',
    threads: [
      'manfredsteyer/angular-oauth2-oidc#515',
      'damienbod/angular-auth-oidc-client#772',
      'urql-graphql/urql#3017',
    ],
  },
  (signal) => {
    const server = withServer(signal);

    it('makes early requests wait, and sends each once with the loaded token, in order', async () => {
      const issued = server.issue();
      const { store, reads } = createSlowReads(issued);
      const { api, session, sentPaths } = createClient(server, { store, issued });
      const results = settleAll(paths(5).map((path) => api.get$<Echo>(path)));
      await reads.arrived(1);
      expect(session.state.status).toBe('loading');
      expect(sentPaths).toEqual([]);
      reads.open();

      expect(errorsOf(await results)).toEqual(Array(5).fill(undefined));
      expect(sentPaths).toEqual(paths(5));
      for (const path of paths(5)) expect(server.tokensOf(path)).toEqual([T1]);
      expect(server.refreshes).toBe(0);
    });

    it('emits the loaded token to callers that wait for one', async () => {
      const issued = server.issue();
      const { store, reads } = createSlowReads(issued);
      const { session } = createClient(server, { store, issued });
      const token = lastValueFrom(session.accessToken$());
      reads.open();
      expect(await token).toBe(T1);
    });

    it('never sends a request that was unsubscribed before the load', async () => {
      const issued = server.issue();
      const { store, reads } = createSlowReads(issued);
      const { api, sentPaths } = createClient(server, { store, issued });
      const leaving = api.post$('/leaving', { amount: 1 }).subscribe();
      const staying = lastValueFrom(api.get$<Echo>('/staying'));
      leaving.unsubscribe();
      reads.open();
      expect(await staying).toMatchObject({ by: T1 });
      expect(sentPaths).toEqual(['/staying']);
    });

    it.each([
      ['auth: false', { auth: false }],
      ['an authorization header of its own', { headers: { authorization: 'Basic b3du' } }],
    ])('lets a request with %s wait for nothing', async (_, options) => {
      const { store } = createSlowReads();
      const { api, session } = createClient(server, { store });
      expect(await resultOf(api.get$('/public', options))).toMatchObject(passedThrough(signal));
      expect(session.state.status).toBe('loading');
    });

    it('refreshes first if the loaded token has expired', async () => {
      const issued = server.issue();
      const loaded: Tokens = { ...issued, expiresAtMs: 1, sessionId: 's' };
      const store: TokenStore = { ...memoryStore(issued), load: () => Promise.resolve(loaded) };
      const { api } = createClient(server, { store, issued });
      const results = await settleAll(paths(5).map((path) => api.get$(path)));
      expect(errorsOf(results)).toEqual(Array(5).fill(undefined));
      for (const path of paths(5)) expect(server.tokensOf(path)).toEqual(['a.access.2']);
      expect(server.presented).toEqual([issued.refreshToken]);
    });

    it.each(Object.entries(FAULTS))(
      'sends early requests as signed out, with a warning, when the store %s',
      async (_, load) => {
        const read = createBarrier();
        const store: TokenStore = { ...createQuietStore(), load: () => read.opened.then(load) };
        const { api, session } = createClient(server, { store });
        const events = eventsOf(api);
        const results = settleAll(paths(3).map((path) => api.get$(path)));
        read.open();
        expect(await results).toMatchObject(Array(3).fill(passedThrough(signal)));
        expect(warningsIn(events)).toHaveLength(1);
        expect(server.hits.map(({ authorization }) => authorization)).toEqual(Array(3).fill(undefined));
        expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
        expect(server.refreshes).toBe(0);
      },
    );

    it('sends early requests as signed out after 5 s, and adopts a late load', async () => {
      const late = createBarrier();
      const loaded = late.opened.then((): Tokens => ({ accessToken: 'T1', refreshToken: 'R1', sessionId: 's' }));
      const store: TokenStore = { ...createQuietStore(), load: () => loaded };
      const { api, session } = createVirtualClient({ signal, store });
      virtually(({ expectObservable }) => {
        expectObservable(api.get$('/a')).toBe('5s (v|)', { v: { by: '-' } });
      });
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
      late.open();
      await loaded;
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T1' } });
    });

    it.each([
      ['is signed in', (session: Session) => session.signIn({ accessToken: 'B1' }), { status: 'active' }],
      ['is signed out', (session: Session) => session.signOut(), { status: 'signed-out', reason: 'sign-out' }],
    ])('ignores a late load after the session %s', async (_, change, wanted) => {
      const late = createBarrier();
      const loaded = late.opened.then((): Tokens => ({ accessToken: 'T1', refreshToken: 'R1', sessionId: 's' }));
      const { api, session, sent } = createVirtualClient({
        signal,
        store: { ...createQuietStore(), load: () => loaded },
      });
      const early = outcomeOf(api.get$('/early'));
      await change(session);
      const { state } = session;
      expect(state).toMatchObject(wanted);
      expect(early).toMatchObject({ values: [], error: { code: 'signed-out' } });
      late.open();
      await loaded;
      expect(session.state).toBe(state);
      outcomeOf(api.get$('/later'));
      expect(sent).toEqual([`GET /later ${'tokens' in state ? 'B1' : '-'}`]);
    });

    it('refreshes nothing for a sign-in before the load of an empty store', async () => {
      const late = createBarrier();
      const loaded = late.opened.then(() => null);
      const used: unknown[] = [];
      const { api, session } = createVirtualClient({
        signal,
        store: { ...createQuietStore(), load: () => loaded },
        restore: () => EMPTY,
        refresh: ({ refreshToken }) => {
          used.push(refreshToken);
          return of({ accessToken: 'T2' });
        },
      });
      outcomeOf(api.get$('/early'));
      await session.signIn({ accessToken: 'B1', refreshToken: 'RB1' });
      late.open();
      await loaded;
      expect(used).toEqual([]);
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'B1' } });
    });

    it('follows a sign-out elsewhere even if the store was read before the sign-in', async () => {
      const late = createBarrier();
      const loaded = late.opened.then(() => null);
      const kept = createQuietStore();
      let isFirst = true;
      const load = () => {
        if (!isFirst) return kept.load();
        isFirst = false;
        return loaded;
      };
      const { api, session, sent } = createVirtualClient({ signal, store: { ...kept, load } });
      await session.signIn({ accessToken: 'T1', refreshToken: 'R1' });
      late.open();
      await loaded;
      await kept.clear();
      expect(outcomeOf(api.get$('/a'))).toMatchObject({ values: [], error: { code: 'signed-out' } });
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
      expect(kept.load()).toBeNull();
      expect(sent).toEqual(['GET /a T1']);
    });
  },
);
