import { HELP, readFlags, servesPage, UsageError } from './flags';
import { unevenLatency } from './latency';
import { runStorm, type StormResult } from './storm';
import { timelineText } from './timeline-text';

function report(result: StormResult): string {
  const { timeline, summary, flags } = result;
  const errors = Object.entries(summary.errors).map(([code, count]) => `${count} ${code}`);
  const facts = [
    ['refreshes', summary.refreshes],
    ['requests on the wire', summary.requestsOnTheWire],
    ['responses with code 1002', summary.expiredResponses],
    ['responses to callers', summary.responses],
    ['errors to callers', errors.join(', ') || 0],
    ['session afterwards', summary.session],
  ];
  return [
    `The access token has expired on the server. ${flags.requests} requests are sent with it at once. Refresh mode: ${flags.refresh}.`,
    '',
    timelineText(timeline, { color: process.stdout.isTTY === true && process.env.NO_COLOR === undefined }),
    '',
    ...facts.map(([name, value]) => `  ${String(name).padEnd(30)} ${value}`),
    '',
    result.ok ? '  All expectations hold.' : '  Some expectations do not hold.',
    '',
  ].join('\n');
}

function failedExpectations({ expectations }: StormResult): string {
  const failed = expectations.filter(({ holds }) => !holds);
  return failed.map(({ what, expected, actual }) => `${what}: expected ${expected}, got ${actual}\n`).join('');
}

async function main(): Promise<number> {
  const flags = readFlags(process.argv.slice(2));
  const { requests, refresh, json, help, port } = flags;
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const result = await runStorm({ requests, refresh, shop: { latencyMs: unevenLatency() } });
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : report(result));
  process.stderr.write(failedExpectations(result));
  if (!result.ok) return 1;
  if (servesPage(flags, { isTerminal: process.stdout.isTTY === true, CI: process.env.CI })) {
    // Imported on demand: only the page needs the bundler.
    const { servePage } = await import('./serve');
    await servePage({ port, write: (text) => process.stdout.write(text), untilStopped: untilInterrupted });
  }
  return 0;
}

function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    // A terminal sends the signal to npm, tsx and this process, and npm and tsx forward it: it may arrive twice.
    process.on('SIGINT', () => resolve());
    process.on('SIGTERM', () => resolve());
  });
}

// A reader such as `head` may close the pipe early. That is no failure of the run.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// Sets the exit code instead of calling process.exit, so that a pipe gets all of the output.
main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const usage = error instanceof UsageError;
    process.stderr.write(usage ? `${error.message}\nTry --help.\n` : `the run failed: ${error}\n`);
    process.exitCode = usage ? 2 : 1;
  },
);
