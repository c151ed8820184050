import type { RequestEvent } from 'renewal';
import { Subject } from 'rxjs';
import { expect, it } from 'vitest';
import { createTrace } from '../../lib/http/trace';
import { requestOf } from '../support/request';

const REQUEST = requestOf({ url: 'https://api.test/a?token=1' });

it.each(['settled', 'cancelled'] as const)('tells nothing of a request after it is %s, and that once', (end) => {
  const events = new Subject<RequestEvent>();
  const told: string[] = [];
  events.subscribe(({ phase, attempt, url }) => told.push(`${phase} ${attempt} ${url}`));
  const trace = createTrace(events, 1, REQUEST);
  for (const step of ['queued', 'attempt', 'attempt', end, 'token-expired', 'attempt', 'settled', 'cancelled'] as const)
    trace(step);
  expect(told).toEqual(['queued 0', 'sent 1', 'resent 2', `${end} 2`].map((line) => `${line} https://api.test/a`));
});
