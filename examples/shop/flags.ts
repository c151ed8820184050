import { parseArgs } from 'node:util';
import { isRenewalMode, RENEWAL_MODES, type RenewalMode } from './protocol';

export const HELP = `renewal: sends many requests at once with an access token that has expired

  npm start -- [flags]

  --requests N     number of requests, 1 to 10000 (default 50)
  --refresh MODE   result of the refresh (default ok)
                     ok       new tokens
                     slow     new tokens, late
                     refused  refresh token refused: the session expires
                     offline  no response: the connection is cut
  --page           serve the demo page after the run, until Ctrl-C
  --no-page        do not serve the page; by default it is served on a terminal only
  --port N         port of the page, on 127.0.0.1 (default: a free port)
  --json           print one JSON document: flags, timeline, summary, expectations; no page
                   (npm -s start -- --json suppresses the lines of npm itself)
  --help           print this text

  exit code  0  every request settled as expected
             1  a request did not; stderr names the expectation that failed
             2  a flag is wrong
`;

const MAX_REQUESTS = 10_000;
const MAX_PORT = 65_535;

export interface Flags {
  readonly requests: number;
  readonly refresh: RenewalMode;
  /** Whether to serve the page; omitted without a flag for it. */
  readonly page?: boolean;
  /** Port of the page; 0 for a free port. */
  readonly port: number;
  readonly json: boolean;
  readonly help: boolean;
}

/** The environment of a run. */
export interface RunEnvironment {
  readonly isTerminal: boolean;
  /** The environment variable: set in continuous integration. */
  readonly CI?: string | undefined;
}

/** A flag is wrong. The message names it and the values that it accepts. */
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

/** Whether the page is served after the storm: without a flag, on a terminal and not in continuous integration. */
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
  if (values.page && values['no-page']) throw new UsageError('--page and --no-page exclude each other');
  if (values.page) return { page: true };
  return values['no-page'] ? { page: false } : {};
}

function renewalMode(text: string): RenewalMode {
  if (isRenewalMode(text)) return text;
  throw new UsageError(`--refresh must be one of ${RENEWAL_MODES.join(', ')}, not '${text}'`);
}
