import type { Invariant } from '../happenings';
import { oneRefresh } from './1-one-refresh';
import { settles } from './2-settles';
import { replayOnce } from './3-replay-once';
import { sameSession } from './4-same-session';
import { onlyRefusal } from './5-only-refusal';
import { storedFirst } from './6-stored-first';
import { noHarm } from './7-no-harm';
import { ownOrigins } from './8-own-origins';
import { lazyTimers } from './9-lazy-timers';
import { badStores } from './10-bad-stores';
import { lastAct } from './11-last-act';
import { ownTokens } from './12-own-tokens';

/** The invariants of a session, each in the file of its number. */
export const INVARIANTS: readonly Invariant[] = [
  oneRefresh,
  settles,
  replayOnce,
  sameSession,
  onlyRefusal,
  storedFirst,
  noHarm,
  ownOrigins,
  lazyTimers,
  badStores,
  lastAct,
  ownTokens,
];
