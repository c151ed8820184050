import { describe, expect, it } from 'vitest';
import { readFlags, servesPage, UsageError } from '../../examples/shop/flags';

describe('readFlags', () => {
  it('defaults to 50 requests and a working refresh', () => {
    expect(readFlags([])).toEqual({ requests: 50, refresh: 'ok', port: 0, json: false, help: false });
  });

  it('reads all flags', () => {
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
  ])('refuses %j and names the wrong flag', (flags, named) => {
    expect(() => readFlags(flags)).toThrow(UsageError);
    expect(() => readFlags(flags)).toThrow(named);
  });
});

describe('servesPage', () => {
  const serves = (flags: string[], isTerminal: boolean, CI?: string) =>
    servesPage(readFlags(flags), { isTerminal, CI });

  it('is true on a terminal, outside continuous integration', () => {
    expect([serves([], true), serves([], false), serves([], true, 'true'), serves([], true, 'false')]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it('follows the flags', () => {
    expect([serves(['--no-page'], true), serves(['--page'], false), serves(['--page'], true, 'true')]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('is false with --json', () => {
    expect([serves(['--json'], true), serves(['--json', '--page'], true)]).toEqual([false, false]);
  });
});
