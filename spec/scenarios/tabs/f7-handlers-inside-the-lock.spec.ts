import { filter, NEVER, of, skip } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Outcome, outcomeOf } from '../../support/http-client';
import type { VirtualTab } from '../../support/virtual-tabs';
import { installBrowser } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F7',
    title: 'Handlers that are called inside the lock need it themselves',
    renewal:
      'Notifications of new tokens, on `state$`, on `events$` or by a response, are sent after the refresh has released the lock: a refresh started by a handler cannot wait for itself or block others.',
    threads: [
      'supabase/supabase-js#2344',
      'supabase/supabase-js#2013',
      'supabase/supabase-js#936',
      'supabase/auth-js#762',
    ],
  },
  (signal) => {
    const HANDLERS: readonly [string, (tab: VirtualTab, run: () => void) => void][] = [
      [
        'state$',
        ({ session }, run) => session.state$.pipe(filter(({ generation }) => generation === 2)).subscribe(run),
      ],
      [
        'events$',
        ({ api }, run) =>
          api.events$
            .pipe(
              filter(({ type }) => type === 'refresh'),
              skip(1),
            )
            .subscribe(run),
      ],
      ['a response', ({ api }, run) => api.get$('/a').subscribe(run)],
    ];

    it.each(HANDLERS)(
      'lets a handler of %s take the lock and refresh, in this tab and in another',
      async (_, listen) => {
        const browser = installBrowser(signal);
        const [tab, other] = [browser.open(), browser.open()];
        const outcomes: Outcome[] = [];
        let isHeard = false;
        listen(tab, () => {
          if (isHeard) return;
          isHeard = true;
          for (const { session, store } of [tab, other]) {
            outcomes.push(outcomeOf(store.exclusive?.(of('in')) ?? NEVER), outcomeOf(session.refresh$()));
          }
        });
        tab.get();
        await browser.advance(2_000);
        expect(outcomes.map(({ isComplete }) => isComplete)).toEqual([true, true, true, true]);
      },
    );
  },
);
