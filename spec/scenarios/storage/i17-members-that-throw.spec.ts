import { memoryStore, type TokenStore } from 'renewal';
import { expect, it } from 'vitest';
import { eventsOf, warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createVirtualClient } from '../../support/virtual';

const MEMBERS = ['load', 'save', 'clear', 'changes$', 'version', 'exclusive'] as const;

/**
 * Members that are optional for the session: an error of the others shows in the outcome of a request, or changes
 * nothing.
 */
const WARNED: readonly string[] = ['load', 'save', 'clear', 'changes$'];

/** A store with a member that throws when it is read. */
const throwingAt = (member: keyof TokenStore): TokenStore =>
  Object.defineProperty({ ...memoryStore({ accessToken: 'T1', refreshToken: 'R1' }) }, member, {
    get: () => {
      throw new RangeError('T1');
    },
  });

failureMode(
  {
    id: 'I17',
    title: 'A member of the store throws when it is read, and breaks the page',
    renewal:
      'Such a store counts as failing: `createSession` does not throw, requests settle, and a warning names a member that the session has to do without.',
  },
  (signal) => {
    it.each(MEMBERS)('warns and lets requests settle: %s', async (member) => {
      const { api, session } = createVirtualClient({ signal, store: throwingAt(member) });
      const events = eventsOf(api);
      const outcomes = [outcomeOf(api.get$('/a')), outcomeOf(api.get$('/b'))];
      await Promise.resolve();
      // Without the lock, a refresh fails.
      const settled = { load: completedWith({ by: '-' }), exclusive: { error: { code: 'refresh' } } };
      for (const outcome of outcomes)
        expect(outcome).toMatchObject(settled[member as never] ?? completedWith({ by: 'T2' }));
      await session.signIn({ accessToken: 'B1' });
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'B1' } });
      expect(outcomeOf(api.get$('/c'))).toMatchObject({ values: [{ by: 'B1' }] });
      await session.signOut();
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
      const warnings = warningsIn(events).join();
      if (WARNED.includes(member)) expect(warnings).toContain('RangeError');
      expect(warnings).not.toContain('T1');
      session.destroy();
    });
  },
);
