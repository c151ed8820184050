import { startHost } from './host';

const { url } = await startHost({ tokenLifeMs: 30_000 });
process.stdout.write(`${url}: tokens live for 30 s; Ctrl+C ends it\n`);
