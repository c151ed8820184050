import { stripVTControlCharacters } from 'node:util';
import type { ApiEvent } from 'renewal';
import { recordTimeline, type Timeline } from 'renewal/devtools';
import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { timelineText } from '../../examples/shop/timeline-text';
import { refresh, request, START_MS } from '../devtools/story';

const renewed: ApiEvent[] = [
  request(1, 0, 'queued'),
  request(1, 0, 'sent'),
  request(2, 0, 'queued'),
  request(2, 0, 'sent'),
  request(1, 10, 'token-expired'),
  request(1, 10, 'waiting', { refreshId: 1 }),
  refresh(10, 'started'),
  refresh(20, 'succeeded'),
  request(1, 20, 'resent'),
  request(2, 25, 'token-expired'),
  request(2, 25, 'resent'),
  request(1, 30, 'settled', { status: 200 }),
  request(2, 40, 'settled', { status: 200 }),
];

const timelineOf = (events: readonly ApiEvent[]): Timeline => recordTimeline({ events$: from(events) }).timeline;

const plain = (events: readonly ApiEvent[], maxLines?: number): string[] =>
  timelineText(timelineOf(events), { color: false, ...(maxLines !== undefined && { maxLines }) }).split('\n');

describe('timelineText', () => {
  it('draws requests to scale, and each refresh below the first waiting request', () => {
    expect(plain(renewed)).toEqual([
      '     # request        0 ms                               40 ms        sent   1002 replay  ended',
      '     1 GET /orders/1  ●──────1002┄┄┄┄┄┄┄┄┄●────────✓                     0     10     20     30  200',
      '       refresh 1                ◆═════════◆                             10                   20  new tokens',
      '     2 GET /orders/2  ●────────────────────1002●─────────────✓           0     25     25     40  200',
      '       ● sent  ─ on the wire  1002 token expired  ┄ waits  ◆═◆ refresh  ✓ response  ✗ error',
    ]);
  });

  it('shows a failed refresh and the errors of its waiters', () => {
    const lines = plain([
      request(1, 0, 'queued'),
      request(1, 0, 'sent'),
      request(1, 10, 'token-expired'),
      request(1, 10, 'waiting', { refreshId: 1 }),
      refresh(10, 'started'),
      refresh(20, 'failed', { kind: 'network' }),
      request(1, 20, 'settled', { error: 'refresh' }),
    ]);
    expect(lines[1]).toMatch(/●─+1002┄+✗ .* 20 {2}refresh$/);
    expect(lines[2]).toMatch(/refresh 1 .*◆═+✗ .* 20 {2}network$/);
  });

  it('shows a refused refresh, and a running one', () => {
    expect(plain([refresh(0, 'started'), refresh(5, 'failed', { kind: 'status', final: true })])[1]).toMatch(
      / {2}refused, session expired$/,
    );
    expect(plain([refresh(0, 'started'), request(1, 5, 'queued')]).join('\n')).toMatch(
      /refresh 1 +◆ .* still running$/m,
    );
  });

  it('shows a request that waits before it is sent, and a cancelled one', () => {
    const lines = plain([
      request(1, 0, 'queued'),
      request(1, 0, 'waiting'),
      request(2, 0, 'queued'),
      request(2, 0, 'sent'),
      request(2, 10, 'cancelled'),
      request(1, 20, 'sent'),
      request(1, 40, 'settled', { status: 204 }),
    ]);
    expect(lines[1]).toMatch(/ ┄+●─+✓ .* 204$/);
    expect(lines[2]).toMatch(/ ●─+○ /);
  });

  it('sets marks at the same moment side by side, in their order', () => {
    const lines = plain(renewed.map((event) => ({ ...event, atMs: START_MS })));
    expect(lines[1]).toContain('●1002●✓');
  });

  it('summarises the requests beyond the limit, grouped by their story', () => {
    const others = [3, 4, 5].flatMap((id) => [
      request(id, 0, 'sent'),
      request(id, id * 10, 'settled', id === 5 ? { error: 'network' } : { status: 200 }),
    ]);
    const lines = plain([...renewed, request(6, 0, 'sent'), request(6, 9, 'settled', { status: 200 }), ...others], 3);
    expect(lines.slice(5, -1)).toEqual([
      '       … and 2 more, alike: sent, 200, from 0 to 30–40 ms',
      '       … and 1 more: sent, network, from 0 to 50 ms',
    ]);
  });

  it('shows a refresh even if no request that waits for it has a line', () => {
    expect(plain(renewed, 0).some((line) => line.includes('refresh 1'))).toBe(true);
  });

  it('draws the same text in colour and without', () => {
    const colored = timelineText(timelineOf(renewed), { color: true });
    expect(colored).toContain('\x1b[32m✓\x1b[0m');
    expect(stripVTControlCharacters(colored).split('\n')).toEqual(plain(renewed));
  });
});
