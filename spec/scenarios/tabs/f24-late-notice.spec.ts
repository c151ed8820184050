import type { TokenStore, Tokens } from 'renewal';
import { Subject } from 'rxjs';
import { expect, it } from 'vitest';
import { createCellStore, tokens } from '../../support/cell-store';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { createVirtualClient } from '../../support/virtual';

const REVISIONS: readonly (readonly [string, (revision: number) => Partial<Tokens>])[] = [
  ['with revisions', (revision) => ({ revision })],
  ['without revisions', () => ({})],
];

failureMode(
  {
    id: 'F24',
    title: 'A late notice of another tab brings back a token that was spent long ago',
    renewal: 'A notice is only a hint: the session reads the store and decides by its content.',
  },
  (signal) => {
    it.each(REVISIONS)('keeps the newest tokens when the notices of two writes arrive in turn, %s', (_, of) => {
      const changes$ = new Subject<Tokens | null>();
      const { cell, store } = createCellStore(tokens('T1', of(1)), { changes$ } satisfies Partial<TokenStore>);
      const issuer = createIssuer({ accessToken: 'T4', refreshToken: 'R4' });
      const { api, session } = createVirtualClient({ signal, store, refresh: issuer.refresh });
      session.state$.subscribe();

      const [second, third] = [tokens('T2', of(2)), tokens('T3', of(3))];
      cell.tokens = third;
      for (const reported of [third, second]) changes$.next(reported);
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T3', refreshToken: 'R3' } });
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T3' }));
      session.refresh$().subscribe();
      expect(issuer.presented).toEqual(['R3']);
      expect(cell.tokens).toMatchObject({ accessToken: 'T4' });
    });

    it.each(REVISIONS)('stays signed in when the notice of a sign-out arrives after a sign-in, %s', (_, of) => {
      const changes$ = new Subject<Tokens | null>();
      const { cell, store } = createCellStore(tokens('T2', of(1)), { changes$ } satisfies Partial<TokenStore>);
      const { api, session } = createVirtualClient({ signal, store });
      session.state$.subscribe();
      cell.tokens = tokens('T5', { sessionId: 'later', ...of(1) });
      changes$.next(cell.tokens);
      changes$.next(null);
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T5' } });
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T5' }));
    });

    it('is signed out when the store is empty, whatever the notice says', () => {
      const changes$ = new Subject<Tokens | null>();
      const { cell, store } = createCellStore(tokens('T2'), { changes$ } satisfies Partial<TokenStore>);
      const { session } = createVirtualClient({ signal, store });
      session.state$.subscribe();
      cell.tokens = null;
      changes$.next(tokens('T2'));
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    });
  },
);
