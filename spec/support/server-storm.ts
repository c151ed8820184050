import { REFRESH, type TestServer } from './server';
import { errorsOf, paths, settleAll, type TestClient } from './server-client';

/** Paths of the requests that get an expired response, and start the refresh or wait for it. */
export const SENT = paths(10);
/** Paths of the requests that are made while the refresh runs. */
export const QUEUED = paths(5, 'held');

/** Sends all of them to a server that rejects the token; resolves with the error of each, `undefined` for a success. */
export const storm = async (
  server: TestServer,
  { api, issued }: Pick<TestClient, 'api' | 'issued'>,
): Promise<unknown[]> => {
  const dead = server.hold(({ token }) => token === issued.accessToken);
  const refresh = server.hold(({ path }) => path === REFRESH);
  const sent = settleAll(SENT.map((path) => api.get$(path)));
  await dead.arrived(SENT.length);
  dead.open();
  await refresh.arrived(1);
  const held = settleAll(QUEUED.map((path) => api.get$(path)));
  refresh.open();
  return errorsOf([...(await sent), ...(await held)]);
};
