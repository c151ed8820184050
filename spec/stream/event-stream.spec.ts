import { describe, expect, it } from 'vitest';
import { createEventParser } from '../../lib/stream/event-stream';
import { MAX_CHARACTERS } from '../../lib/stream/lines';
import { cutsOf, parseEvents, utf8 } from './support';

const BOM = '\u{feff}';
const LONG = 'x'.repeat(2_048);

type Row = [what: string, input: string, events: [data: string, event?: string, id?: string][], state?: object];

/** The inputs of the web platform tests `eventsource/format-*`, and the events that they expect. */
const PLATFORM: Row[] = [
  ['a BOM, at the start only', `${BOM}data:1\n\n${BOM}data:2\n\ndata:3\n\n`, [['1'], ['3']]],
  ['two BOMs', `${BOM}${BOM}data:1\n\ndata:2\n\ndata:3\n\n`, [['2'], ['3']]],
  ['comments', `data:1\r:\0\n:\r\ndata:2\n:${LONG}\rdata:3\n:data:fail\r:${LONG}\ndata:4\n\n`, [['1\n2\n3\n4']]],
  ['an event that is not ended', 'retry:1000\ndata:test1\n\nid:test\ndata:test2', [['test1']]],
  ['data', 'data:\n\ndata\ndata\n\ndata:test\n\n', [[''], ['\n'], ['test']]],
  ['an event type, for one event', 'event:test\ndata:x\n\ndata:x\n\n', [['x', 'test'], ['x']]],
  ['an empty event type', 'event:\ndata:data\n\n', [['data']]],
  ['an id', 'id:\u{2026}\nretry:200\ndata:hello\n\n', [['hello', 'message', '\u{2026}']], { retryMs: 200 }],
  [
    'an id that persists',
    'id: 1\ndata: 1\n\ndata:2\n\n',
    [
      ['1', 'message', '1'],
      ['2', 'message', '1'],
    ],
    { lastEventId: '1' },
  ],
  [
    'an id that changes',
    'id: 1\ndata: 1\n\nid: 2\ndata:2\n\ndata:3\n\n',
    [
      ['1', 'message', '1'],
      ['2', 'message', '2'],
      ['3', 'message', '2'],
    ],
    { lastEventId: '2' },
  ],
  [
    'an id that is reset',
    'id: 1\ndata: 1\n\nid:\ndata:2\n\ndata:3\n\n',
    [['1', 'message', '1'], ['2'], ['3']],
    { lastEventId: '' },
  ],
  ...['\0\0', 'x\0', '\0x', 'x\0x', ' \0'].map(
    (id): Row => [`NUL in an id: ${JSON.stringify(id)}`, `id:${id}\ndata:hello\n\n`, [['hello']], { lastEventId: '' }],
  ),
  [
    'names of fields',
    'data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n',
    [['\0\n 2\n1\n3\n\n4']],
  ],
  ['retry, with leading zeros', 'retry:03000\ndata:x\n\n', [['x']], { retryMs: 3_000 }],
  ['a bogus retry', 'retry:3000\nretry:1000x\ndata:x\n\n', [['x']], { retryMs: 3_000 }],
  ['an empty retry', 'retry\ndata:test\n\n', [['test']]],
  [
    'unknown fields',
    'data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n',
    [['test\n\ntest']],
  ],
  ['leading space', 'data:\ttest\rdata: \ndata:test\n\n', [['\ttest\n\ntest']]],
  ['line ends of all kinds', 'data:test\r\ndata\ndata:test\r\n\r\n', [['test\n\ntest']]],
  ['line ends of all kinds, the last one CR', 'data:test\r\ndata\ndata:test\r\n\r', [['test\n\ntest']]],
  ['NUL', 'data:\0\n\n\n\n', [['\0']]],
  ['UTF-8', 'data:ok\u{2026}\n\n', [['ok\u{2026}']]],
];

/** What the standard says beyond these. */
const FURTHER: Row[] = [
  ['nothing', '', []],
  ['blank lines', '\n\r\n\r\r\n\n', []],
  ['a block with an id only', 'id: 7\n\ndata: a\n\n', [['a', 'message', '7']], { lastEventId: '7' }],
  ['a block with an id only, last', 'data: a\n\nid: 7\n\n', [['a']], { lastEventId: '7' }],
  ['an id without a colon', 'id: 7\n\nid\n\ndata\n\n', [['']], { lastEventId: '' }],
  ['an id that is not ended', 'id: 7\ndata: a\n\nid: 8\n', [['a', 'message', '7']], { lastEventId: '7' }],
  ['names that begin like id', 'idea: 7\nid : 8\nID: 9\ndata: a\n\n', [['a']], { lastEventId: '' }],
  ['colons in a value', 'id: a:b\ndata: c: d\n\n', [['c: d', 'message', 'a:b']]],
  ['CR alone', 'data: a\r\rdata: b\r\r', [['a'], ['b']]],
  ['CR LF alone', 'data: a\r\n\r\ndata: b\r\n\r\n', [['a'], ['b']]],
  ['three characters like the bytes of a BOM', '\u{ef}\u{bb}\u{bf}data: a\n\ndata: b\n\n', [['b']]],
  ['a BOM in data', `data: ${BOM}a\n\n`, [[`${BOM}a`]]],
  ['retry in a block without data', 'retry: 5\n\n', [], { retryMs: 5 }],
  ['retry of other digits', 'retry: \u{661}\u{662}\nretry: -5\nretry: 1e3\nretry: 1.5\n\n', []],
  ['an event type of a block without data', 'event: a\n\ndata: b\n\n', [['b']]],
  ['line separators that are none here', 'data: a\u{2028}b\u{85}c\vd\n\n', [['a\u{2028}b\u{85}c\vd']]],
  ['characters of four bytes', 'data: \u{1f600}\u{10ffff}\n\n', [['\u{1f600}\u{10ffff}']]],
];

describe('an event stream', () => {
  it.each([...PLATFORM, ...FURTHER])('has, however its bytes are cut: %s', (_what, input, events, state = {}) => {
    const expected = events.map(([data, event = 'message', id = '']) => ({ data, event, id }));
    for (const parts of cutsOf(utf8(input)))
      expect(parseEvents(parts)).toEqual({
        events: expected,
        lastEventId: expected.at(-1)?.id ?? '',
        retryMs: 1_000,
        ...state,
      });
  });

  it('replaces what is not UTF-8', () => {
    for (const parts of cutsOf(Uint8Array.of(...utf8('data: a'), 0xff, 0xc3, ...utf8('b\n\n'))))
      expect(parseEvents(parts).events).toMatchObject([{ data: 'a\u{fffd}\u{fffd}b' }]);
  });

  it('emits an event at its CR, without the bytes after it', () => {
    const parse = createEventParser(() => new RangeError(), { lastEventId: '', retryMs: 0 });
    expect([...parse(utf8('data: a\r\r'))]).toHaveLength(1);
    expect([...parse(utf8('\ndata: b\r\n\r'))]).toHaveLength(1);
    expect([...parse(utf8('\n\n'))]).toHaveLength(0);
  });

  it('keeps the last event id of the connection before', () => {
    expect(parseEvents([utf8('data: a\n\n')], '7')).toMatchObject({ events: [{ id: '7' }], lastEventId: '7' });
  });

  it.each<[string, (size: number) => string]>([
    ['a line', (size) => `data:${'a'.repeat(size)}`],
    ['a comment', (size) => `:${'a'.repeat(size)}`],
    ['the data of an event', (size) => `data:${'a'.repeat(size / 2)}\ndata:${'a'.repeat(size / 2)}\n`],
    ['data of empty lines', (size) => 'data\n'.repeat(size / 32)],
  ])('has a limit for %s', (_what, make) => {
    expect(() => parseEvents([utf8(make(MAX_CHARACTERS))])).toThrow('too long');
    expect(() => parseEvents([utf8(make(MAX_CHARACTERS / 2))])).not.toThrow();
  });

  it('counts each event alone', () => {
    const part = utf8(`data:${'a'.repeat(MAX_CHARACTERS / 2)}\n\n`);
    expect(parseEvents([part, part, part]).events).toHaveLength(3);
  });

  it('takes a long line in small parts in linear time', () => {
    const part = utf8('a'.repeat(64));
    const parts = Array.from({ length: 100_000 }, () => part);
    const [event] = parseEvents([utf8('data:'), ...parts, utf8('\n\n')]).events;
    expect(event?.data).toHaveLength(6_400_000);
  });
});
