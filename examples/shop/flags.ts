import { parseArgs } from 'node:util';
import type { RenewalMode } from './routes';

export const HELP = `renewal: what becomes of many requests whose token has just died

  npm start -- [flags]

  --requests N     how many requests leave at once, 1 to 10000 (default 50)
  --refresh MODE   how the server answers the refresh (default ok)
                     ok       with new tokens
                     slow     with new tokens, late
                     refused  not any more: the session is over
                     offline  not at all: the connection is cut
  --json           one JSON document on stdout: flags, lanes, summary, expectations
                   (npm -s start -- --json keeps npm's own lines out of it)
  --help           this text

  exit code  0  every request settled as it should
             1  one did not; stderr says what was expected
             2  a flag is wrong
`;

const MODES: readonly string[] = ['ok', 'slow', 'refused', 'offline'] satisfies RenewalMode[];
const MAX_REQUESTS = 10_000;

export interface Flags {
  readonly requests: number;
  readonly refresh: RenewalMode;
  readonly json: boolean;
  readonly help: boolean;
}

/** A flag is wrong; the message names it and says what it takes. */
export class UsageError extends Error {}

/** Reads the flags of `npm start`, or throws a {@link UsageError}. */
export function readFlags(args: string[]): Flags {
  const { values } = parse(args);
  return {
    requests: requestCount(values.requests),
    refresh: renewalMode(values.refresh),
    json: values.json,
    help: values.help,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      strict: true,
      options: {
        requests: { type: 'string', default: '50' },
        refresh: { type: 'string', default: 'ok' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function requestCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_REQUESTS) return count;
  throw new UsageError(`--requests must be a whole number from 1 to ${MAX_REQUESTS}, not '${text}'`);
}

function renewalMode(text: string): RenewalMode {
  if (isRenewalMode(text)) return text;
  throw new UsageError(`--refresh must be one of ${MODES.join(', ')}, not '${text}'`);
}

function isRenewalMode(text: string): text is RenewalMode {
  return MODES.includes(text);
}
