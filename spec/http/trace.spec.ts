import type { RequestEvent } from 'renewal';
import { Subject } from 'rxjs';
import { expect, it } from 'vitest';
import { HttpContext } from '../../lib/http/context';
import type { HttpRequest } from '../../lib/http/request';
import { createTrace } from '../../lib/http/trace';

const REQUEST: HttpRequest = {
  method: 'GET',
  url: 'https://api.test/a?token=1',
  headers: {},
  body: null,
  responseType: 'json',
  timeoutMs: 0,
  withCredentials: false,
  reportProgress: false,
  auth: true,
  context: new HttpContext(),
};

it.each(['settled', 'cancelled'] as const)('tells nothing of a request after it is %s, and that once', (end) => {
  const events = new Subject<RequestEvent>();
  const told: string[] = [];
  events.subscribe(({ phase, attempt, url }) => told.push(`${phase} ${attempt} ${url}`));
  const trace = createTrace(events, 1, REQUEST);
  for (const step of ['queued', 'attempt', 'attempt', end, 'expired', 'attempt', 'settled', 'cancelled'] as const)
    trace(step);
  expect(told).toEqual(['queued 0', 'sent 1', 'resent 2', `${end} 2`].map((line) => `${line} https://api.test/a`));
});
