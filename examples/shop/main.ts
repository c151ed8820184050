import { HELP, readFlags, UsageError } from './flags';
import { runStorm, type StormResult } from './storm';
import { timelineText } from './timeline-text';

// Answers that take 20 to 80 ms, in an order that looks like chance but is the same in every run.
function unevenLatency(): () => number {
  let answers = 0;
  return () => 20 + ((answers++ * 37) % 61);
}

function report(result: StormResult): string {
  const { timeline, summary, flags } = result;
  const errors = Object.entries(summary.errors).map(([code, count]) => `${count} ${code}`);
  const facts = [
    ['refreshes', summary.refreshes],
    ['requests on the wire', summary.requestsOnTheWire],
    ['answers that said 1002', summary.expiredAnswers],
    ['answers that reached a caller', summary.answers],
    ['errors that reached a caller', errors.join(', ') || 0],
    ['session afterwards', summary.session],
  ];
  return [
    `The access token has died on the server. ${flags.requests} requests leave with it at once; the refresh is ${flags.refresh}.`,
    '',
    timelineText(timeline, { color: process.stdout.isTTY === true && process.env.NO_COLOR === undefined }),
    '',
    ...facts.map(([name, value]) => `  ${String(name).padEnd(30)} ${value}`),
    '',
    result.ok ? '  As it should be.' : '  Not as it should be.',
    '',
  ].join('\n');
}

function complaints({ expectations }: StormResult): string {
  const broken = expectations.filter(({ holds }) => !holds);
  return broken.map(({ what, expected, actual }) => `${what}: expected ${expected}, got ${actual}\n`).join('');
}

async function main(): Promise<number> {
  const { requests, refresh, json, help } = readFlags(process.argv.slice(2));
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const result = await runStorm({ requests, refresh, shop: { latencyMs: unevenLatency() } });
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : report(result));
  process.stderr.write(complaints(result));
  return result.ok ? 0 : 1;
}

// A reader that has seen enough, such as `head`, closes the pipe: no failure of the run.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// The exit code is set, not forced by process.exit, so that a pipe gets all of the output.
main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const usage = error instanceof UsageError;
    process.stderr.write(usage ? `${error.message}\nTry --help.\n` : `the run itself failed: ${error}\n`);
    process.exitCode = usage ? 2 : 1;
  },
);
