import { parseArgs } from 'node:util';
import { isRenewalMode, RENEWAL_MODES, type RenewalMode } from './protocol';

export const HELP = `renewal: what becomes of many requests whose token has just died

  npm start -- [flags]

  --requests N     how many requests leave at once, 1 to 10000 (default 50)
  --refresh MODE   how the server answers the refresh (default ok)
                     ok       with new tokens
                     slow     with new tokens, late
                     refused  not any more: the session is over
                     offline  not at all: the connection is cut
  --page           serve the demo page afterwards, until Ctrl-C
  --no-page        don't; the default is to serve it on a terminal only
  --port N         where the page is served, on 127.0.0.1 (default a free port)
  --json           one JSON document on stdout: flags, lanes, summary, expectations; no page
                   (npm -s start -- --json keeps npm's own lines out of it)
  --help           this text

  exit code  0  every request settled as it should
             1  one did not; stderr says what was expected
             2  a flag is wrong
`;

const MAX_REQUESTS = 10_000;
const MAX_PORT = 65_535;

export interface Flags {
  readonly requests: number;
  readonly refresh: RenewalMode;
  /** Whether to serve the page; left out where nothing was said. */
  readonly page?: boolean;
  /** Where to serve it; 0 for a port that is free. */
  readonly port: number;
  readonly json: boolean;
  readonly help: boolean;
}

/** Where a run writes to. */
export interface RunEnvironment {
  readonly isTerminal: boolean;
  /** Of the environment: set where no one looks on. */
  readonly CI?: string | undefined;
}

/** A flag is wrong; the message names it and says what it takes. */
export class UsageError extends Error {}

/** Reads the flags of `npm start`, or throws a {@link UsageError}. */
export function readFlags(args: string[]): Flags {
  const { values } = parse(args);
  return {
    requests: requestCount(values.requests),
    refresh: renewalMode(values.refresh),
    ...pageFlag(values),
    port: portNumber(values.port),
    json: values.json,
    help: values.help,
  };
}

/** Whether the page is served after the storm: only where someone is there to look at it, unless they say so. */
export function servesPage({ page, json }: Flags, { isTerminal, CI = '' }: RunEnvironment): boolean {
  const isWatched = isTerminal && (CI === '' || CI === 'false');
  return !json && (page ?? isWatched);
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      strict: true,
      options: {
        requests: { type: 'string', default: '50' },
        refresh: { type: 'string', default: 'ok' },
        page: { type: 'boolean', default: false },
        'no-page': { type: 'boolean', default: false },
        port: { type: 'string', default: '0' },
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

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Infinity;
  if (port <= MAX_PORT) return port;
  throw new UsageError(`--port must be a whole number from 0 to ${MAX_PORT}, not '${text}'`);
}

function pageFlag(values: { readonly page: boolean; readonly 'no-page': boolean }): Pick<Flags, 'page'> {
  if (values.page && values['no-page']) throw new UsageError('--page and --no-page: only one of them');
  if (values.page) return { page: true };
  return values['no-page'] ? { page: false } : {};
}

function renewalMode(text: string): RenewalMode {
  if (isRenewalMode(text)) return text;
  throw new UsageError(`--refresh must be one of ${RENEWAL_MODES.join(', ')}, not '${text}'`);
}
