import { describe, expect, it } from 'vitest';
import { run } from './run';

const start = (...flags: string[]) => run('examples/shop/main.ts', flags);

// The prefixes of tokens, and the password: none may be in an output.
const SECRET = /\b[ar]t_|bearer|analytical/i;

describe.concurrent('npm start', { timeout: 60_000 }, () => {
  it('shows 50 requests that are sent at once, with the refresh among them', async () => {
    const { code, stdout, stderr } = await start();
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n');
    expect(lines.filter((line) => /^ +\d+ GET \/orders\/\d .*●.*1002.*●.*✓.* 200$/.test(line))).toHaveLength(50);
    expect(lines.filter((line) => /^ +refresh 1 .*◆═*◆.* new tokens$/.test(line))).toHaveLength(1);
    expect(stdout).toMatch(/refreshes +1\n +requests on the wire +100\n/);
    expect(stdout).toContain('All expectations hold.');
    expect(stdout).not.toMatch(SECRET);
  });

  it('is plain text when stdout is no terminal', async () => {
    const { stdout } = await start('--requests', '1');
    expect(stdout).not.toContain('\x1b');
  });

  it('summarises the requests beyond the first 60', async () => {
    const { code, stdout } = await start('--requests', '70');
    expect(code).toBe(0);
    expect(stdout.match(/^ +\d+ GET /gm)).toHaveLength(60);
    const inSum = [...stdout.matchAll(/… and (\d+) more/g)].map(([, count]) => Number(count));
    expect(inSum.reduce((sum, count) => sum + count, 0)).toBe(10);
  });

  it.each([
    ['ok', 'active, tokens kept', {}, 6],
    ['slow', 'active, tokens kept', {}, 6],
    ['refused', 'signed-out, reason session-expired', { 'session-expired': 3 }, 3],
    ['offline', 'expired, tokens kept', { refresh: 3 }, 3],
  ] as const)(
    'prints one JSON document and no token with --refresh %s --json',
    async (mode, session, errors, onTheWire) => {
      const { code, stdout, stderr } = await start('--requests', '3', '--refresh', mode, '--json');
      expect([code, stderr]).toEqual([0, '']);
      const { flags, timeline, summary, ok } = JSON.parse(stdout);
      expect(flags).toEqual({ requests: 3, refresh: mode });
      expect(timeline.requests).toHaveLength(3);
      expect(timeline.refreshes).toHaveLength(1);
      expect(summary).toMatchObject({ refreshes: 1, requestsOnTheWire: onTheWire, session, errors });
      expect(ok).toBe(true);
      expect(stdout).not.toMatch(SECRET);
    },
  );

  it.each(['refused', 'offline'])('prints no token with --refresh %s', async (mode) => {
    const { code, stdout, stderr } = await start('--requests', '2', '--refresh', mode);
    expect(code).toBe(0);
    expect(stdout + stderr).not.toMatch(SECRET);
  });

  it('documents every flag and exit code with --help', async () => {
    const { code, stdout, stderr } = await start('--help');
    expect([code, stderr]).toEqual([0, '']);
    for (const word of [
      '--requests',
      '--refresh',
      '--page',
      '--no-page',
      '--port',
      '--json',
      '--help',
      'ok',
      'slow',
      'refused',
      'offline',
    ]) {
      expect(stdout).toContain(word);
    }
    expect(stdout).toMatch(/exit code +0 .*\n +1 .*\n +2 /);
  });

  it.each([
    [['--requests', '0'], '--requests'],
    [['--verbose'], '--verbose'],
  ])('refuses %j on stderr with exit code 2', async (flags, named) => {
    const { code, stdout, stderr } = await start(...flags);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(named);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

describe('examples/services/main.ts', () => {
  it('places an order and lists it with an expired token, after one refresh', async () => {
    const { code, stdout, stderr } = await run('examples/services/main.ts');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.trimEnd().split('\n')).toEqual([
      'the access token has expired; the service does not know',
      'placed order 7: 1 x difference engine',
      '7 orders, 1 refresh',
    ]);
  });
});
