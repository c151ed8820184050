import { UsageError } from './flags';
import { unevenLatency } from './latency';
import { pageFiles } from './page-files';
import { createShop } from './server';

export interface ServeOptions {
  /** 0 for a port that is free. */
  readonly port: number;
  write(text: string): void;
  /** Called before the address is told; the page is taken down when what this returns has come. */
  untilStopped(): Promise<void>;
}

// Long enough to see what the other requests do meanwhile: a browser has six connections for fifty of them.
const RENEWAL_MS = 400;
const SLOW_MS = 2_000;

/** Serves the demo page and its shop, until it is told to stop. */
export async function servePage({ port, write, untilStopped }: ServeOptions): Promise<void> {
  const page = await pageFiles(() => write('  Building the library, for the page …\n'));
  const shop = createShop({ page, latencyMs: unevenLatency(), renewalMs: RENEWAL_MS, slowMs: SLOW_MS });
  try {
    const url = await shop.listen(port).catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`--port ${port} can't be used: ${error.code}`);
    });
    // Whoever reads the address may stop it at once.
    const stopped = untilStopped();
    write(`\n  The same in your browser, to play with: ${url}/\n  Ctrl-C ends it.\n`);
    await stopped;
  } finally {
    await shop.close();
  }
}
