import { describe, expect, it } from 'vitest';
import { readFlags, servesPage, UsageError } from '../../examples/shop/flags';

describe('readFlags', () => {
  it('takes 50 requests and a refresh that works when nothing is said', () => {
    expect(readFlags([])).toEqual({ requests: 50, refresh: 'ok', port: 0, json: false, help: false });
  });

  it('takes what is said', () => {
    expect(
      readFlags(['--requests=10000', '--refresh', 'offline', '--page', '--port=8080', '--json', '--help']),
    ).toEqual({
      requests: 10_000,
      refresh: 'offline',
      page: true,
      port: 8080,
      json: true,
      help: true,
    });
  });

  it.each([
    [['--requests', '0'], '--requests'],
    [['--requests', '10001'], '--requests'],
    [['--requests', '9'.repeat(400)], '--requests'],
    [['--requests', 'many'], '--requests'],
    [['--requests', '1.5'], '--requests'],
    [['--requests', '1e3'], '--requests'],
    [['--requests', ' 5'], '--requests'],
    [['--requests='], '--requests'],
    [['--requests', '-5'], '--requests'],
    [['--requests'], '--requests'],
    [['--refresh', 'maybe'], '--refresh'],
    [['--refresh', 'constructor'], '--refresh'],
    [['--port', '65536'], '--port'],
    [['--port', '-1'], '--port'],
    [['--port='], '--port'],
    [['--port', '8080.5'], '--port'],
    [['--page', '--no-page'], '--no-page'],
    [['--json=yes'], '--json'],
    [['--no-json'], '--no-json'],
    [['--verbose'], '--verbose'],
    [['fifty'], 'fifty'],
  ])('refuses %j and names what is wrong', (flags, named) => {
    expect(() => readFlags(flags)).toThrow(UsageError);
    expect(() => readFlags(flags)).toThrow(named);
  });
});

describe('wantsPage', () => {
  const wants = (flags: string[], isTerminal: boolean, CI?: string) => servesPage(readFlags(flags), { isTerminal, CI });

  it('is for those who look at a terminal', () => {
    expect([wants([], true), wants([], false), wants([], true, 'true'), wants([], true, 'false')]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it('is as they say', () => {
    expect([wants(['--no-page'], true), wants(['--page'], false), wants(['--page'], true, 'true')]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('is for no one who reads JSON', () => {
    expect([wants(['--json'], true), wants(['--json', '--page'], true)]).toEqual([false, false]);
  });
});
