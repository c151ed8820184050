import type { Observable } from 'rxjs';
import type { Gate } from './barrier';
import type { Hit, TestServer } from './server';
import { paths, type TestClient } from './server-client';

/** Paths of the requests that get an expired response. */
export const SENT = paths(5, 'sent');
/** Paths of the requests that are made while the refresh runs. */
export const QUEUED = paths(5, 'held');

/** Requests that wait for a refresh. */
export interface Waiting {
  /** The errors so far, in order; no request is meant to succeed. */
  readonly errors: readonly unknown[];
}

/** Sends POSTs that start the refresh held by `refresh`, or wait for it; resolves once all of them wait. */
export const waitForRefresh = async (
  { api, received }: Pick<TestClient, 'api' | 'received'>,
  refresh: Gate<Hit>,
): Promise<Waiting> => {
  const errors: unknown[] = [];
  const collect = (request: Observable<unknown>) => request.subscribe({ error: (error) => errors.push(error) });
  for (const path of SENT) collect(api.post$(path, { by: 'A' }));
  await Promise.all([refresh.arrived(1), ...SENT.map((path) => received(path))]);
  for (const path of QUEUED) collect(api.post$(path, { by: 'A' }));
  return { errors };
};

/** The tokens with which the waiting requests have reached the server, in order. */
export const tokensOfWaiting = (server: TestServer): string[] => [...SENT, ...QUEUED].flatMap(server.tokensOf);
