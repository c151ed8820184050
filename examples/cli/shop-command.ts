import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isApiError } from 'renewal';
import { fileStore } from 'renewal/node';
import { firstValueFrom } from 'rxjs';
import { createShopClient, type ShopClient } from '../shop/client';
import type { Order } from '../shop/protocol';

export const USAGE = `usage: shop login USER PASSWORD | shop orders | shop logout

  SHOP_URL   the address of the shop
  SHOP_HOME  the directory of the session, such as ~/.config/shop
`;

/** What a command writes, and its exit code. */
export interface Outcome {
  readonly code: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

const SIGN_IN: Outcome = { code: 1, stderr: 'not signed in: run shop login\n' };

const listOrders = async ({ api, session }: ShopClient): Promise<Outcome> => {
  try {
    const orders = await firstValueFrom(api.get$<Order[]>('/orders'));
    return { code: 0, stdout: orders.map(({ id, quantity, item }) => `${id}  ${quantity} x ${item}\n`).join('') };
  } catch (error) {
    if (session.state.status === 'signed-out') return SIGN_IN;
    return { code: 1, stderr: `${isApiError(error) ? error.message : error}\n` };
  }
};

const signIn = async (client: ShopClient, user: string, password: string): Promise<Outcome> => {
  // A store that fails is a warning: `signIn` of the session resolves all the same.
  let failure = '';
  const warnings = client.api.events$.subscribe((event) => {
    if (event.type === 'warning' && event.message.startsWith('write: ')) failure = event.message;
  });
  try {
    await client.signIn({ user, password });
  } catch (error) {
    return { code: 1, stderr: `${isApiError(error) ? error.message : error}\n` };
  } finally {
    warnings.unsubscribe();
  }
  return failure
    ? { code: 1, stderr: `the session was not stored: ${failure}\n` }
    : { code: 0, stdout: `signed in as ${user}\n` };
};

/** Runs one command. Each one is a process with a session of its own, over the file that all of them share. */
export const runCommand = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> => {
  const { SHOP_URL: url, SHOP_HOME: home } = env;
  const [command, user, password] = args;
  if (!url || !home) return { code: 2, stderr: USAGE };
  // The store needs a directory that nobody else can write to.
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const client = createShopClient(url, () => {}, fileStore({ path: join(home, 'session.json') }));
  if (command === 'orders') return listOrders(client);
  if (command === 'logout') {
    await client.session.signOut();
    return { code: 0, stdout: 'signed out\n' };
  }
  if (command === 'login' && user && password) return signIn(client, user, password);
  return { code: 2, stderr: USAGE };
};
