import { spawnSync } from 'node:child_process';
import { REDIS_SERVER } from '../support/redis-server';

/** Fails once, in the place of each spec. */
export const setup = (): void => {
  if (spawnSync(REDIS_SERVER, ['--version']).error)
    throw new Error('no Redis server found (REDIS_SERVER, or redis-server in the PATH)');
};
