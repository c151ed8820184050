import { createApi, fetchTransport } from 'renewal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endOf } from '../../support/node-client';
import { startTcpServer, type TcpServer } from '../../support/tcp-server';
import { broken, endless, wrong } from '../../support/wire-faults';

// What `ajaxTransport` makes of the same is in faults.spec.ts.

let server: TcpServer;

beforeEach(async () => {
  server = await startTcpServer();
});

afterEach(() => server.close());

const end = (timeoutMs: number): Promise<unknown> =>
  endOf(createApi({ baseUrl: server.origin, transport: fetchTransport(), timeoutMs }).get$('/a'));

/** Answers that were whole before they went wrong: `fetch` takes them, and closes the connection. */
const WHOLE: Readonly<Record<string, unknown>> = {
  'a length that is too short': [1],
  'garbage after the body': [1],
  'garbage after the last chunk': [1],
  'a body with 204': null,
  'a redirect to nowhere': null,
};

/** What `fetch` takes for an answer, or waits for. */
const OTHERWISE: Readonly<Record<string, string>> = {
  'the status 600': 'status',
  'the status 999': 'status',
  '1 GiB promised': 'timeout',
  // In Node up to 22 it waits.
  '101 to no protocol': '(network|timeout)',
  'an extension of a chunk without end': 'timeout',
};

/** What Node's `fetch` decompresses without asking for its end; the doc of `fetchTransport` says so. */
const UNTOLD = /ends early|^br that is none/;

/** What Node's `fetch` may give up before the deadline. */
const EARLY = /^100 and nothing else|redirect/;

describe('a connection', () => {
  it.each(broken)('that %s is an error of the network, and leaves nothing open', async (_, act) => {
    server.act = act;
    expect(await end(2_000)).toMatchObject({ code: 'network' });
    await server.quiet();
  });
});

describe('an answer', () => {
  it.each(wrong.filter(([name]) => !UNTOLD.test(name)))(
    'with %s ends, in an error unless it was whole',
    async (name, act) => {
      server.act = act;
      const code = OTHERWISE[name] ?? 'network';
      const expected = name in WHOLE ? { value: WHOLE[name] } : { code: expect.stringMatching(`^${code}$`) };
      expect(await end(code.includes('timeout') ? 50 : 2_000)).toMatchObject(expected);
    },
  );

  it.each(wrong.filter(([name]) => UNTOLD.test(name)))(
    'with %s ends, in whatever the platform makes of it',
    async (_, act) => {
      server.act = act;
      expect(await end(2_000)).not.toMatchObject({ code: 'timeout' });
    },
  );

  it.each(endless)('of %s ends by the deadline, and leaves nothing open', async (name, act) => {
    server.act = act;
    expect(await end(50)).toMatchObject({
      code: expect.stringMatching(EARLY.test(name) ? /^(network|timeout)$/ : /^timeout$/),
    });
    // A redirect has been answered whole.
    if (/redirect/.test(name)) return;
    server.closeUnused();
    await server.quiet();
  });
});
