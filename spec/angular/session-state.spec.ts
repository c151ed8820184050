import '@angular/compiler';
import { computed, createEnvironmentInjector, EnvironmentInjector, runInInjectionContext } from '@angular/core';
import { memoryStore, type TokenGrant } from 'renewal';
import { provideApi, SESSION, sessionState, withSession } from 'renewal/angular';
import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { watchSubjects } from '../support/subjects';
import { provide } from './support/testbed';

const createHarness = () => {
  const grants = new Subject<TokenGrant>();
  const bed = provide(
    provideApi({}, withSession({ refresh: () => grants, store: memoryStore({ accessToken: 'T1' }) })),
  );
  return { bed, grants, session: bed.inject(SESSION) };
};

describe('sessionState', () => {
  it('has the current state, and each later one', async () => {
    const { bed, grants, session } = createHarness();
    const state = bed.runInInjectionContext(() => sessionState());
    expect(state()).toBe(session.state);
    session.refresh$().subscribe();
    expect(state()).toMatchObject({ status: 'refreshing', tokens: { accessToken: 'T1' } });
    grants.next({ accessToken: 'T2' });
    expect(state()).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
    await session.signOut();
    expect(state()).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
  });

  it('updates computed signals only when the state changes', async () => {
    const { bed, session } = createHarness();
    let count = 0;
    const state = bed.runInInjectionContext(() => sessionState());
    const isSignedIn = computed(() => {
      count++;
      return 'tokens' in state();
    });
    expect([isSignedIn(), isSignedIn(), count]).toEqual([true, true, 1]);
    await session.signOut();
    await session.signOut();
    expect([isSignedIn(), isSignedIn(), count]).toEqual([false, false, 2]);
  });

  it('unsubscribes with the injector', () => {
    const { bed } = createHarness();
    const listened = watchSubjects();
    const injector = createEnvironmentInjector([], bed.inject(EnvironmentInjector));
    runInInjectionContext(injector, () => sessionState());
    const before = listened();
    expect(before).toBeGreaterThan(0);
    injector.destroy();
    expect(listened()).toBe(before - 1);
  });

  it('has the state of an ended session', () => {
    const { bed, session } = createHarness();
    session.destroy();
    expect(bed.runInInjectionContext(() => sessionState())()).toMatchObject({ status: 'signed-out' });
  });
});
