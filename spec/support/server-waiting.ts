import type { Observable } from 'rxjs';
import type { Gate } from './barrier';
import type { Hit, TestServer } from './server';
import { paths, type TestClient } from './server-client';

/** Where those go whose answer says expired. */
export const SENT = paths(5, 'sent');
/** Where those go who come while the refresh is out. */
export const QUEUED = paths(5, 'held');

/** Requests that wait for a refresh. */
export interface Waiting {
  /** What they have ended with so far, in order; none of them is meant to be answered. */
  readonly errors: readonly unknown[];
}

/** Sends POSTs that start the refresh which `refresh` holds, or wait for it; resolves once they all wait. */
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

/** The tokens with which those who waited have reached the server, in order. */
export const tokensOfWaiting = (server: TestServer): string[] => [...SENT, ...QUEUED].flatMap(server.tokensOf);
