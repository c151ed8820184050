import type { Session, TokenGrant } from 'renewal';
import { type Observer, Subject } from 'rxjs';
import { expect, it } from 'vitest';
import { describeEvent, eventsOf, warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { completedWith, type Outcome, outcomeOf, unhandledBy } from '../../support/http-client';
import { createVirtualClient } from '../../support/virtual';

const THROWN = new Error('from the handler');
const fail = (): never => {
  throw THROWN;
};

const GRANT: TokenGrant = { accessToken: 'T2' };

failureMode(
  {
    id: 'N9',
    title: 'The handler of one caller throws, and breaks all waiting requests',
    renewal:
      'An error thrown by a handler is reported once, as unhandled, and fails neither the request nor the refresh; all other requests are served.',
  },
  (signal) => {
    const createWaiting = () => {
      const grants = new Subject<TokenGrant>();
      return { grants, ...createVirtualClient({ signal, refresh: () => grants, isDead: (token) => token === 'T1' }) };
    };

    it.each<[string, Partial<Observer<unknown>>, number]>([
      ['next', { next: fail }, 1],
      ['complete', { complete: fail }, 1],
      ['next and complete', { next: fail, complete: fail }, 2],
    ])('serves the others if the %s handler of a waiting request throws', (_, handlers, times) => {
      const { api, session, sent, grants } = createWaiting();
      const events = eventsOf(api);
      const outcomes: Outcome[] = [];
      const unhandled = unhandledBy(() => {
        outcomes.push(outcomeOf(api.get$('/before')));
        api.get$('/throws').subscribe(handlers);
        outcomes.push(outcomeOf(api.get$('/after')));
        grants.next(GRANT);
      });

      expect(unhandled).toEqual(Array(times).fill(THROWN));
      expect(outcomes).toEqual(Array(2).fill(completedWith({ by: 'T2' })));
      expect(sent).toEqual(['GET /before T1', 'GET /before T2', 'GET /throws T2', 'GET /after T2']);
      expect(session.state).toMatchObject({ status: 'active', tokens: GRANT });
      expect(events.map(describeEvent)).toContain('refresh 1 succeeded, generation 1, waiting 3');
      expect(events.map(describeEvent)).toContain('request 2 settled, attempt 1, generation 2, status 200');
      expect(warningsIn(events)).toEqual([]);
    });

    it('fails the others with the refresh error if the error handler of one throws', () => {
      const { api, session, grants } = createWaiting();
      const outcomes: Outcome[] = [];
      const unhandled = unhandledBy(() => {
        outcomes.push(outcomeOf(api.get$('/before')));
        api.get$('/throws').subscribe({ error: fail });
        outcomes.push(outcomeOf(api.get$('/after')));
        grants.error(new Error());
      });
      expect(unhandled).toEqual([THROWN]);
      for (const outcome of outcomes) expect(outcome).toMatchObject({ error: { code: 'refresh' } });
      expect(session.state).toMatchObject({ status: 'expired', error: Object(outcomes[0]).error });
    });

    it('reports an error without a handler as unhandled, once, and serves the others', () => {
      const { api, grants } = createWaiting();
      let other: Outcome | undefined;
      const unhandled = unhandledBy(() => {
        api.get$('/throws').subscribe();
        other = outcomeOf(api.get$('/after'));
        grants.error(new Error());
      });
      expect(unhandled).toEqual([other?.error]);
      expect(other).toMatchObject({ error: { code: 'refresh' } });
    });

    it.each<[string, (session: Session) => { subscribe(next: () => void): unknown }]>([
      ['refresh$', (session) => session.refresh$()],
      ['accessToken$', (session) => session.accessToken$()],
      ['keepFresh$', (session) => session.keepFresh$()],
      ['state$', (session) => session.state$],
    ])('is not affected by a handler of %s that throws', (_, stream) => {
      const { api, session, grants } = createWaiting();
      const outcomes: Outcome[] = [];
      const unhandled = unhandledBy(() => {
        outcomes.push(outcomeOf(api.get$('/before')));
        stream(session).subscribe(fail);
        outcomes.push(outcomeOf(session.state$), outcomeOf(api.get$('/after')));
        grants.next(GRANT);
      });
      expect(new Set(unhandled)).toEqual(new Set([THROWN]));
      expect(outcomes[0]).toEqual(completedWith({ by: 'T2' }));
      expect(outcomes[1]?.values).toMatchObject([{ status: 'refreshing' }, { status: 'active' }]);
      expect(outcomes[2]).toEqual(completedWith({ by: 'T2' }));
    });

    it('is not affected by a handler of events$ that throws, at any step', () => {
      const { api, session, sent, grants } = createWaiting();
      let outcome: Outcome | undefined;
      const unhandled = unhandledBy(() => {
        api.events$.subscribe(fail);
        outcome = outcomeOf(api.get$('/a'));
        grants.next(GRANT);
      });
      // Queued, sent, expired, waiting, started, succeeded, resent, settled.
      expect(unhandled).toEqual(Array(8).fill(THROWN));
      expect(outcome).toEqual(completedWith({ by: 'T2' }));
      expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
      expect(session.state.status).toBe('active');
    });
  },
);
