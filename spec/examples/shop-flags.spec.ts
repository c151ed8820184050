import { describe, expect, it } from 'vitest';
import { readFlags, UsageError } from '../../examples/shop/flags';

describe('readFlags', () => {
  it('takes 50 requests and a refresh that works when nothing is said', () => {
    expect(readFlags([])).toEqual({ requests: 50, refresh: 'ok', json: false, help: false });
  });

  it('takes what is said', () => {
    expect(readFlags(['--requests=10000', '--refresh', 'offline', '--json', '--help'])).toEqual({
      requests: 10_000,
      refresh: 'offline',
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
    [['--json=yes'], '--json'],
    [['--no-json'], '--no-json'],
    [['--verbose'], '--verbose'],
    [['fifty'], 'fifty'],
  ])('refuses %j and names what is wrong', (flags, named) => {
    expect(() => readFlags(flags)).toThrow(UsageError);
    expect(() => readFlags(flags)).toThrow(named);
  });
});
