import type { Session, Tokens } from 'renewal';
import { BehaviorSubject, delay, EMPTY, fromEvent, map, type Observable, of, startWith, switchMap } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { installPage } from '../../support/page';
import { createVirtualClient } from '../../support/virtual';
import { createWallClock } from '../../support/wall-clock';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

/** Kept fresh while `isWanted$` is true: a stream that an app composes by itself. */
const keptFreshWhile = (isWanted$: Observable<boolean>, session: Session): Observable<Tokens> =>
  isWanted$.pipe(switchMap((isWanted) => (isWanted ? session.keepFresh$() : EMPTY)));

const isShown$ = (): Observable<boolean> =>
  fromEvent(document, 'visibilitychange').pipe(
    startWith(null),
    map(() => document.visibilityState === 'visible'),
  );

failureMode(
  {
    id: 'H12',
    title: 'Early refreshes keep an idle user signed in, and run unused in the background',
    renewal:
      'No timer refreshes unless the app subscribes to `keepFresh$()`, and then not while the page is hidden, unless `whileHidden` is set; in a `switchMap` it can run only while the user is active. Requests refresh the token whenever they need it.',
    threads: ['supabase/auth-js#444'],
  },
  (signal) => {
    const clock = createWallClock();

    const createAnHour = (answerMs = 0) => {
      const issuer = createIssuer({ expiresInMs: 60 * MINUTE_MS }, (grant) =>
        answerMs ? of(grant).pipe(delay(answerMs)) : of(grant),
      );
      const grant = { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 60 * MINUTE_MS };
      const { refresh } = issuer;
      return { issuer, ...createVirtualClient({ signal, grant, refresh, isDead: () => false }) };
    };

    it('a session without keepFresh$ sets no timer, adds no listener and never refreshes', () => {
      const page = installPage();
      const { issuer, session, api } = createAnHour();
      session.state$.subscribe();
      outcomeOf(api.get$('/a'));
      expect([clock.timers, page.listeners]).toEqual([0, 0]);
      clock.advance(DAY_MS);
      page.show();
      page.goOnline();
      expect(issuer.presented).toEqual([]);
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
      expect([clock.timers, page.listeners]).toEqual([0, 0]);
    });

    it.each([
      ['by itself', (session: Session) => session.keepFresh$()],
      ['by the app', (session: Session) => keptFreshWhile(isShown$(), session)],
    ])('a kept-fresh session rests while hidden, and refreshes when shown (%s)', (_, keep) => {
      const page = installPage();
      const { issuer, session } = createAnHour();
      const kept = keep(session).subscribe();
      clock.advance(59 * MINUTE_MS);
      expect(issuer.presented).toEqual(['R1']);
      page.hide();
      clock.advance(DAY_MS);
      expect(clock.timers).toBe(0);
      expect(issuer.presented).toEqual(['R1']);
      page.show();
      expect(issuer.presented).toEqual(['R1', 'R2']);
      clock.advance(59 * MINUTE_MS);
      expect(issuer.presented).toEqual(['R1', 'R2', 'R3']);
      kept.unsubscribe();
      expect([clock.timers, page.listeners]).toEqual([0, 0]);
    });

    it('a session with whileHidden refreshes while the page is hidden', () => {
      const page = installPage();
      const { issuer, session } = createAnHour();
      const kept = session.keepFresh$({ whileHidden: true }).subscribe();
      page.hide();
      clock.advance(59 * MINUTE_MS);
      expect(issuer.presented).toEqual(['R1']);
      clock.advance(59 * MINUTE_MS);
      expect(issuer.presented).toEqual(['R1', 'R2']);
      kept.unsubscribe();
    });

    it('requests of a hidden page still refresh', () => {
      const page = installPage();
      const { issuer, session, api, sent } = createAnHour();
      keptFreshWhile(isShown$(), session).subscribe();
      page.hide();
      clock.advance(DAY_MS);
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
      expect(sent).toEqual(['GET /a T2']);
      expect(issuer.presented).toEqual(['R1']);
    });

    it('a session that is kept fresh until the user is idle lets the token die then', () => {
      const isBusy$ = new BehaviorSubject(true);
      const { issuer, session } = createAnHour();
      keptFreshWhile(isBusy$, session).subscribe();
      clock.advance(118 * MINUTE_MS);
      expect(issuer.presented).toEqual(['R1', 'R2']);
      isBusy$.next(false);
      clock.advance(DAY_MS);
      expect(issuer.presented).toEqual(['R1', 'R2']);
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T3' } });
    });

    it('a refresh in flight completes when the app unsubscribes, and keeps the new token', () => {
      const isBusy$ = new BehaviorSubject(true);
      const { issuer, session } = createAnHour(2_000);
      keptFreshWhile(isBusy$, session).subscribe();
      clock.advance(59 * MINUTE_MS + 1_000);
      expect(session.state.status).toBe('refreshing');
      isBusy$.next(false);
      clock.advance(1_000);
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2', refreshToken: 'R2' } });
      expect(issuer.presented).toEqual(['R1']);
      expect(clock.timers).toBe(0);
    });
  },
);
