import {
  type Api,
  type ApiEvent,
  memoryStore,
  type RefreshEvent,
  type Session,
  type TokenGrant,
  type Tokens,
} from 'renewal';
import { filter, lastValueFrom, type Observable, Subject, take, throwError } from 'rxjs';
import { expect, it, onTestFinished } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, type Outcome, outcomeOf } from '../../support/http-client';
import { type Echo, startServer } from '../../support/server';
import { createExpiredClient } from '../../support/server-client';
import { createVirtualClient, type VirtualClient } from '../../support/virtual';

/** Streams and callbacks of an app from which it may send a request. */
type Source = (client: { readonly api: Api; readonly session: Session }) => Observable<unknown>;

const refreshEvents =
  (phase: RefreshEvent['phase']): Source =>
  ({ api }) =>
    api.events$.pipe(filter((event: ApiEvent) => event.type === 'refresh' && event.phase === phase));

const STARTED: Readonly<Record<string, Source>> = {
  state$: ({ session }) => session.state$.pipe(filter(({ status }) => status === 'refreshing')),
  events$: refreshEvents('started'),
};
const RENEWED: Readonly<Record<string, Source>> = {
  state$: ({ session }) => session.state$.pipe(filter((state) => state.status === 'active' && state.generation === 2)),
  events$: refreshEvents('succeeded'),
  'keepFresh$()': ({ session }) => session.keepFresh$(),
  'refresh$()': ({ session }) => session.refresh$(),
};
const FAILED: Readonly<Record<string, Source>> = {
  state$: ({ session }) => session.state$.pipe(filter((state) => state.status === 'signed-out' || 'error' in state)),
  events$: refreshEvents('failed'),
};

const isSettled = (outcome: Outcome): boolean => 'error' in outcome || !!outcome.isComplete;

failureMode(
  {
    id: 'C12',
    title: 'An app that sends a request on a token change waits for itself, or starts over',
    renewal:
      'A handler of a new state may send requests: they leave with the current tokens, or wait for the running refresh. None starts a second refresh.',
    threads: ['supabase/supabase-js#1594', 'supabase/supabase-js#1401', 'supabase/auth-js#762'],
  },
  (signal) => {
    /** A client whose refreshes the test completes, and the refresh tokens that they presented. */
    const createHeld = () => {
      const used: (string | undefined)[] = [];
      const refreshes: Subject<TokenGrant>[] = [];
      const store = memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
      const refresh = ({ refreshToken }: Tokens): Observable<TokenGrant> => {
        const grant$ = new Subject<TokenGrant>();
        refreshes.push(grant$);
        used.push(refreshToken);
        return grant$;
      };
      const client = createVirtualClient({ signal, store, refresh, isRefused: (error) => error === 'refused' });
      /** Each grants its own tokens. */
      const succeed = (): void => {
        for (const [index, grant$] of refreshes.entries()) {
          grant$.next({ accessToken: `T${index + 2}`, refreshToken: `R${index + 2}` });
        }
      };
      const fail = (error: unknown): void => {
        for (const grant$ of refreshes) grant$.error(error);
      };
      return { ...client, store, used, succeed, fail };
    };

    /** The outcome of a request that is sent from a handler at its first call. */
    const sendInside = (client: VirtualClient, source: Source | undefined): Outcome[] => {
      const outcomes: Outcome[] = [];
      source?.(client)
        .pipe(take(1))
        .subscribe(() => outcomes.push(outcomeOf(client.api.get$('/inside'))));
      return outcomes;
    };

    it.each(Object.entries(STARTED))(
      'makes a request from a handler of %s wait for the running refresh',
      (_, source) => {
        const client = createHeld();
        const inside = sendInside(client, source);
        outcomeOf(client.api.get$('/outside'));
        expect(client.sent).toEqual(['GET /outside T1']);
        client.succeed();
        expect(inside).toEqual([completedWith({ by: 'T2' })]);
        expect(client.used).toEqual(['R1']);
      },
    );

    it.each(Object.entries(RENEWED))(
      'sends a request from a handler of %s once, with the new token',
      async (_, source) => {
        const client = createHeld();
        const { session, sent, store } = client;
        const inside = sendInside(client, source);
        const outside = outcomeOf(client.api.get$('/outside'));
        client.succeed();

        expect([...inside, outside]).toEqual([completedWith({ by: 'T2' }), completedWith({ by: 'T2' })]);
        expect(sent.filter((line) => line.includes('inside'))).toEqual(['GET /inside T2']);
        expect(client.used).toEqual(['R1']);
        // No second refresh has removed anything either.
        client.fail('refused');
        const renewed = { accessToken: 'T2', refreshToken: 'R2' };
        expect(session.state).toMatchObject({ status: 'active', tokens: renewed });
        expect(await store.load()).toMatchObject(renewed);
      },
    );

    it.each(Object.entries(FAILED))(
      'fails a request from a handler of %s like all others after a failed refresh',
      (_, source) => {
        const client = createHeld();
        const inside = sendInside(client, source);
        const outside = outcomeOf(client.api.get$('/outside'));
        client.fail('offline');
        expect(inside).toMatchObject([{ values: [], error: { code: 'refresh' } }]);
        expect(inside[0]?.error).toBe(outside.error);
        expect(client.sent).toEqual(['GET /outside T1']);
        expect(client.used).toEqual(['R1']);
      },
    );

    it.each(Object.entries(FAILED))(
      'settles a request from a handler of %s after a refused refresh',
      async (_, source) => {
        const client = createHeld();
        const inside = sendInside(client, source);
        outcomeOf(client.api.get$('/outside'));
        client.fail('refused');
        expect(inside.map(isSettled)).toEqual([true]);
        expect(client.used).toEqual(['R1']);
        expect(client.session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
        expect(await client.store.load()).toBeNull();
      },
    );

    it('sends a request from onSessionExpired without a token', () => {
      const inside: Outcome[] = [];
      const client: VirtualClient = createVirtualClient({
        signal,
        isRefused: () => true,
        refresh: () => throwError(() => 'refused'),
        onSessionExpired: () => inside.push(outcomeOf(client.api.get$('/inside'))),
      });
      outcomeOf(client.api.get$('/outside'));
      expect(inside).toEqual([completedWith({ by: '-' })]);
      expect(client.sent).toEqual(['GET /outside T1', 'GET /inside -']);
    });

    it.each([
      ['is signed out', (session: Session) => session.signOut(), null],
      ['is signed in as B', (session: Session) => session.signIn({ accessToken: 'B1' }), { accessToken: 'B1' }],
    ])('refreshes for no request if the session %s, and stores nothing late', async (_, change, kept) => {
      const client = createHeld();
      const inside = sendInside(client, FAILED.events$);
      outcomeOf(client.api.get$('/outside'));
      await change(client.session);
      client.succeed();
      expect(inside.map(isSettled)).toEqual([true]);
      expect(client.used).toEqual(['R1']);
      expect(client.session.state).toMatchObject(kept ? { status: 'active', tokens: kept } : { status: 'signed-out' });
      const stored = await client.store.load();
      expect(stored?.accessToken).toBe(kept?.accessToken);
    });

    it('sends no waiting request if a handler signs out when the new token arrives', async () => {
      const client = createHeld();
      RENEWED.state$?.(client).subscribe(() => client.session.signOut());
      const outside = outcomeOf(client.api.get$('/outside'));
      client.succeed();
      expect(outside).toMatchObject({ values: [], error: { code: 'signed-out' } });
      expect(client.sent).toEqual(['GET /outside T1']);
      expect(await client.store.load()).toBeNull();
    });

    it('serves requests from handlers of every state, over the wire, after one refresh', async () => {
      const server = await startServer(signal);
      onTestFinished(() => server.close());
      const { api, session } = createExpiredClient(server);
      const inside: Promise<Echo>[] = [];
      const states = session.state$.subscribe(({ status }) => {
        inside.push(lastValueFrom(api.get$<Echo>(`/${status}`)));
      });
      await lastValueFrom(api.get$('/orders'));
      states.unsubscribe();

      const answers = await Promise.all(inside);
      expect(answers.map(({ path }) => path)).toEqual(['/active', '/expired', '/refreshing', '/active']);
      expect(answers.map(({ by }) => by)).toEqual(Array(4).fill('a.access.2'));
      expect(server.refreshes).toBe(1);
    });
  },
);
