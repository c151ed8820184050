import { UsageError } from './flags';
import { unevenLatency } from './latency';
import { pageFiles } from './page-files';
import { createShop } from './server';

export interface ServeOptions {
  /** 0 for a free port. */
  readonly port: number;
  write(text: string): void;
  /** Called before the address is written. The page is closed when the promise resolves. */
  untilStopped(): Promise<void>;
}

// Long enough to watch the other requests: a browser has six connections for fifty requests.
const RENEWAL_MS = 400;
const SLOW_MS = 2_000;

/** Serves the demo page and its shop until `untilStopped` resolves. */
export async function servePage({ port, write, untilStopped }: ServeOptions): Promise<void> {
  const page = await pageFiles(() => write('  Building the library for the page …\n'));
  const shop = createShop({ page, latencyMs: unevenLatency(), renewalMs: RENEWAL_MS, slowMs: SLOW_MS });
  try {
    const url = await shop.listen(port).catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`--port ${port} cannot be used: ${error.code}`);
    });
    // Listens first: a reader of the address may send the signal at once.
    const stopped = untilStopped();
    write(`\n  Try it in your browser: ${url}/\n  Press Ctrl-C to stop.\n`);
    await stopped;
  } finally {
    await shop.close();
  }
}
