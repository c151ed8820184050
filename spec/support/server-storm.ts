import { REFRESH, type TestServer } from './server';
import { errorsOf, paths, settleAll, type TestClient } from './server-client';

/** Where those go whose expired answer starts the refresh or waits for it. */
export const SENT = paths(10);
/** Where those go who come while it runs. */
export const QUEUED = paths(5, 'held');

/** Sends them all to a server that refuses the token; resolves to what each errors with, `undefined` for one that is answered. */
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
