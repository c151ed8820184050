import type { TokenStore, Tokens } from 'renewal';
import { NEVER, Subject } from 'rxjs';
import { expect, it } from 'vitest';
import { createCellStore } from '../../support/cell-store';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createVirtualClient } from '../../support/virtual';

/** The tokens in an app's own store, which has no session ids. */
const bare = (accessToken: string, refreshToken: string): Tokens => ({ accessToken, refreshToken }) as Tokens;

const ANN = bare('T1', 'R1');
const BOB = bare('B1', 'S1');

failureMode(
  {
    id: 'E13',
    title: 'Tokens of two users without a session id count as one session',
    renewal: 'Tokens without a session id are a session of their own: other strings are another session.',
  },
  (signal) => {
    /** A session of Ann with a dead token, over a store that another writer shares. */
    const openAnn = (methods: Partial<TokenStore> = {}) => {
      const { cell, store } = createCellStore(ANN, methods);
      const client = createVirtualClient({ signal, store, refresh: () => NEVER });
      return { cell, ...client, transfer: () => outcomeOf(client.api.post$('/transfer', { amount: 1 })) };
    };

    it("never sends a waiting request of the first user with the second user's token", () => {
      const changes$ = new Subject<Tokens | null>();
      const { cell, session, transfer, sent } = openAnn({ changes$ });
      const waiting = transfer();
      expect(session.state.status).toBe('refreshing');
      cell.tokens = BOB;
      changes$.next(BOB);
      expect(waiting).toMatchObject({ values: [], error: { code: 'signed-out' } });
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'B1', refreshToken: 'S1' } });
      expect(sent).toEqual(['POST /transfer T1']);
    });

    it('never sends it if the refresh finds the second user in the store', () => {
      const { cell, transfer, sent, api } = openAnn();
      cell.tokens = BOB;
      expect(transfer()).toMatchObject({ values: [], error: { code: 'signed-out' } });
      expect(sent).toEqual(['POST /transfer T1']);
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'B1' }));
    });

    it('binds a request to the user in the store at the time of subscription', () => {
      const held = { version: 0 };
      const { cell, transfer, sent } = openAnn({ version: () => held.version });
      const waiting = transfer();
      cell.tokens = BOB;
      held.version++;
      expect(transfer()).toEqual(completedWith({ by: 'B1' }));
      expect(waiting).toMatchObject({ values: [], error: { code: 'signed-out' } });
      expect(sent).toEqual(['POST /transfer T1', 'POST /transfer B1']);
    });

    it('refreshes once for two sessions that read the same strings; the other adopts', () => {
      const changes$ = new Subject<Tokens | null>();
      const { cell, store } = createCellStore(ANN, { changes$ });
      const grant = { accessToken: 'T2', refreshToken: 'R2' };
      const [one, other] = [NEVER, [grant]].map((granted) =>
        createVirtualClient({ signal, store, refresh: () => granted }),
      );
      if (!one || !other) throw new Error('too few sessions');
      const waiting = outcomeOf(one.api.get$('/a'));
      expect(outcomeOf(other.api.get$('/b'))).toEqual(completedWith({ by: 'T2' }));
      changes$.next(cell.tokens);
      expect(waiting).toEqual(completedWith({ by: 'T2' }));
    });
  },
);
