import { startHost } from './host';
import { TOKEN_LIFE_MS } from './src/app/login/to-grant';

const { url } = await startHost({ tokenLifeMs: TOKEN_LIFE_MS }, Number(process.env.PORT ?? 4200));
process.stdout.write(`The shop runs at\n\n  ${url}\n\nPress Ctrl-C to stop.\n`);
