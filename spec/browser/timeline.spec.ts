import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { RequestEvent } from 'renewal';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { request, START_MS, story, stream, streamed, succeeded } from '../devtools/story';
import { violationsIn } from '../support/axe';
import { bundlePage, startChromium } from '../support/chromium';

const root = fileURLToPath(new URL('../../', import.meta.url));

// axe is slow, and a machine may be busy
vi.setConfig({ testTimeout: 60_000 });

let browser: Browser;
let content: string;

beforeAll(async () => {
  content = await bundlePage(`${root}spec/devtools/page.ts`);
  browser = await startChromium();
});

afterAll(() => browser?.close());

/** A page with the element. The test fails if the page logs anything. */
const open = async (options: BrowserContextOptions = {}): Promise<Page> => {
  const page = await browser.newPage({ viewport: { width: 1000, height: 620 }, ...options });
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => problems.push(message.text()));
  onTestFinished(async () => {
    await page.close();
    expect(problems).toEqual([]);
  });
  await page.setContent(content);
  return page;
};

/** A page with the events of some requests and of three more; see `story`. */
const openStory = async (requests: number, options?: BrowserContextOptions): Promise<Page> => {
  const page = await open(options);
  await page.evaluate((events) => emit(events), story(requests));
  await page.evaluate(() => drawn());
  return page;
};

/** Adds a stream that has ended and one that is open; see `streamed`. */
const openStreams = async (page: Page): Promise<void> => {
  const open = [stream(2, 300, 'opened'), stream(2, 400, 'events', { events: 1 })];
  await page.evaluate((events) => emit(events), [...streamed(1, 250), ...open]);
  await page.evaluate(() => drawn());
};

const textsOf = (page: Page, selector: string): Promise<string[]> =>
  page.evaluate((each) => find(each).map(({ textContent }) => textContent ?? ''), selector);

const detailsOf = async (page: Page): Promise<string> => {
  await page.evaluate(() => drawn());
  return (await textsOf(page, '.details')).join();
};

const press = async (page: Page, ...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
  await page.evaluate(() => drawn());
};

const showTable = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Table' }).click();
  await page.evaluate(() => drawn());
};

describe('<renewal-timeline> in Chromium', () => {
  it('draws requests as lanes of marbles, and refreshes across waiting lanes', async () => {
    const page = await openStory(3);
    expect(await page.evaluate(() => rows())).toEqual([
      { id: '1', marbles: 'S E W R 200', bands: 'succeeded' },
      { id: '2', marbles: 'S E W R 200', bands: 'succeeded' },
      { id: '3', marbles: 'S E W R 404', bands: 'succeeded' },
      { id: '4', marbles: 'S C', bands: '' },
      { id: '5', marbles: 'W S ✕', bands: 'succeeded' },
      { id: '6', marbles: 'S E W ✕', bands: 'failed' },
    ]);
    expect(await textsOf(page, '.refresh-name')).toEqual(['✓ refresh 1', '✕ 2']);
    expect(await textsOf(page, '.session-name')).toEqual(['signed in', 'session expired']);
  });

  it('draws each line and band to scale', async () => {
    const page = await openStory(3);
    const {
      sent,
      again: replayed,
      band,
      bar,
    } = await page.evaluate(() => {
      const [row] = find('.row:has(.band)');
      const middle = (selector: string): number => {
        const { left, right } = row?.querySelector(selector)?.getBoundingClientRect() ?? { left: 0, right: 0 };
        return (left + right) / 2;
      };
      const edges = (element?: Element | null): number[] => {
        const { left, right } = element?.getBoundingClientRect() ?? { left: 0, right: 0 };
        return [Math.round(left), Math.round(right)];
      };
      const [bar] = find('.head .refresh rect');
      return {
        sent: middle('.sent'),
        again: middle('.sent-again'),
        band: edges(row?.querySelector('.band')),
        bar: edges(bar),
      };
    });
    // sent at 40 ms, a refresh from 90 to 190 ms, replayed at its end
    const [from = 0, to = 0] = band;
    expect(Math.abs(replayed - to)).toBeLessThan(1.5);
    expect((from - sent) / (to - sent)).toBeCloseTo(50 / 150, 1);
    expect(bar.map((edge, index) => Math.abs(edge - (band[index] ?? 0)) <= 1)).toEqual([true, true]);
  });

  it('folds times without events', async () => {
    const page = await openStory(3);
    expect(await textsOf(page, '.tick')).toEqual(expect.arrayContaining(['0 ms', '60,000 ms', '//']));
  });

  it('distinguishes marbles by shape and letter', async () => {
    const page = await openStory(1);
    const looks = await page.evaluate(() =>
      find('ul .marble').map((marble) => [marble.querySelector('path')?.getAttribute('d'), marble.textContent]),
    );
    expect(looks).toHaveLength(10);
    expect(new Set(looks.map(([shape]) => shape)).size).toBe(10);
    expect(new Set(looks.map(([, letter]) => letter)).size).toBe(10);
  });

  it('draws a timeline that was recorded elsewhere', async () => {
    const page = await openStory(3);
    await page.evaluate(() => {
      timelineElement.timeline = JSON.parse(JSON.stringify(timelineElement.timeline));
      return drawn();
    });
    expect(await page.evaluate(() => [events.observed, timelineElement.api, rows().length])).toEqual([
      false,
      undefined,
      6,
    ]);
  });

  it('accepts an api that was set before the element was defined', async () => {
    const page = await open();
    const wasTaken = await page.evaluate(async () => {
      const early = document.createElement('renewal-early');
      Object.assign(early, { api: timelineElement.api });
      timelineElement.replaceWith(early);
      await drawn();
      const before = events.observed;
      // another name for the same element
      customElements.define(
        'renewal-early',
        class extends (timelineElement.constructor as CustomElementConstructor) {},
      );
      return [before, events.observed];
    });
    expect(wasTaken).toEqual([false, true]);
  });
});

describe('<renewal-timeline> with streams', () => {
  /** A stream of three connections, and a request a minute later. */
  const openStream = async (): Promise<Page> => {
    const page = await open();
    await page.evaluate((events) => emit(events), [...succeeded(1, 0), ...streamed(1, 20), ...succeeded(2, 60_100)]);
    await page.evaluate(() => drawn());
    return page;
  };

  /** The parts of a stream's picture, in pixels: bars and gaps, from their left to their right edges. */
  const stretchesIn = (page: Page): Promise<(number | string)[][]> =>
    page.evaluate(() =>
      find('.row:has(.opened) > svg > :is(.open, .wait)').map((part) => {
        const { left, right } = part.getBoundingClientRect();
        return [`${part.getAttribute('class')}`, Math.round(left), Math.round(right)];
      }),
    );

  it('draws connections as bars with their events, gaps as lines, and its end', async () => {
    const page = await openStream();
    expect(await page.evaluate(() => rows())).toEqual([
      { id: '1', marbles: 'S 200', bands: '' },
      { id: '~1', marbles: 'O … … O ■', bands: '' },
      { id: '2', marbles: 'S 200', bands: '' },
    ]);
    expect(await textsOf(page, '.count')).toEqual(['4', '8']);
    expect(await textsOf(page, '.row:has(.opened) .end :first-child')).toEqual(['12 events']);
    expect(await textsOf(page, '.row:has(.opened) .end :last-child')).toEqual(['60,000 ms']);
    const stretches = await stretchesIn(page);
    expect(stretches.map(([name]) => name)).toEqual(['open', 'wait', 'wait', 'open']);
    // each begins where the one before it ends
    for (const [index, [, from]] of stretches.slice(1).entries())
      expect(from).toBeCloseTo(Number(stretches[index]?.[2]), -0.5);
  });

  it('folds the time of an open connection, and shows gaps to scale', async () => {
    const page = await openStream();
    expect(await textsOf(page, '.tick')).toEqual(expect.arrayContaining(['0 ms', '60,020 ms', '//']));
    const [, first = [], second = []] = await stretchesIn(page);
    const widthOf = ([, from, to]: (number | string)[]) => Number(to) - Number(from);
    expect(widthOf(second) / widthOf(first)).toBeCloseTo(2, 0);
  });

  it('draws an open connection up to the end of the axis, and rests there', async () => {
    const page = await open();
    await page.evaluate(([events, laterMs]) => emit(events, laterMs), [
      [...succeeded(1, 0), stream(1, 20, 'opened'), stream(1, 30, 'events', { events: 1_234 })],
      Date.now() - START_MS - 60_000,
    ] as const);
    const redrawn = await page.evaluate(async () => {
      await drawn();
      redraws.length = 0;
      await drawn();
      return redraws.length;
    });
    expect(redrawn).toBe(0);
    const [[, , end] = []] = await stretchesIn(page);
    const plot = await page.evaluate(() => find('.row:has(.opened) > svg')[0]?.getBoundingClientRect().right ?? 0);
    expect(plot - Number(end)).toBeCloseTo(20, 0);
    expect(await textsOf(page, '.count')).toEqual(['1,234 events']);
    await page.evaluate(([events, laterMs]) => emit(events, laterMs), [
      [stream(1, 70_000, 'events', { events: 1_235 })],
      Date.now() - START_MS - 70_000,
    ] as const);
    await page.evaluate(() => drawn());
    expect(await textsOf(page, '.count')).toEqual(['1,235 events']);
  });

  it('draws a stream that is recorded late as open, and an error at its end', async () => {
    const page = await open();
    const late = [
      stream(1, 0, 'events', { connection: 2, events: 7 }),
      stream(1, 90, 'ended', { events: 9, error: 'session-expired' }),
    ];
    await page.evaluate((events) => emit(events), [...late, ...succeeded(1, 100)]);
    await page.evaluate(() => drawn());
    expect(await page.evaluate(() => rows()[0])).toMatchObject({ id: '~1', marbles: '✕' });
    expect(await textsOf(page, '.count')).toEqual(['9']);
    expect((await textsOf(page, '.end :first-child'))[0]).toBe('session-expired');
  });

  it('describes a stream and its steps, also beside a request of its number', async () => {
    const page = await openStream();
    await press(page, 'Tab', 'Tab', 'Home', 'ArrowDown');
    const prefix = 'Stream 1, GET https://shop.test/orders/live: ';
    expect(await detailsOf(page)).toBe(`${prefix}began at 20 ms, 3 connections, 12 events, ended after 60,000 ms`);
    expect(await page.evaluate(() => find('.selected b').map(({ textContent }) => textContent))).toEqual(['~1']);
    await press(page, 'ArrowRight');
    expect(await detailsOf(page)).toBe(`${prefix}1 of 5, connection 1 opened, after 0 events, at 20 ms`);
    await press(page, 'ArrowRight');
    expect(await detailsOf(page)).toBe(`${prefix}2 of 5, reconnects within 40 ms, network, after 4 events, at 120 ms`);
    await press(page, 'ArrowRight', 'ArrowRight', 'ArrowRight');
    expect(await detailsOf(page)).toBe(`${prefix}5 of 5, ended, after 12 events, at 60,020 ms`);
    await press(page, 'ArrowUp');
    expect(await detailsOf(page)).toMatch(/^Request 1, /);
  });

  it('reads no event of a selected open stream aloud', async () => {
    const page = await open();
    await page.evaluate((events) => emit(events), [stream(1, 0, 'opened')]);
    await page.evaluate(() => drawn());
    await press(page, 'Tab', 'Tab');
    const before = await detailsOf(page);
    await page.evaluate((events) => emit(events), [stream(1, 10, 'events', { events: 5 })]);
    expect([before, await detailsOf(page)]).toEqual([before, before]);
    expect(before).toBe('Stream 1, GET https://shop.test/orders/live: began at 0 ms, 1 connection, open');
  });

  it('has a table with the same content', async () => {
    const page = await openStream();
    await showTable(page);
    const [, line] = await page.evaluate(() =>
      find('table').map((table) =>
        [...(table.querySelector('tbody tr')?.children ?? [])].map(({ textContent }) => textContent).join(' | '),
      ),
    );
    expect(line).toBe(
      '1 | GET /orders/live | 20 ms | 20 ms; 240 ms | 120 ms, within 40 ms, network; 160 ms, within 80 ms, status | 60,020 ms | 3 | 12 | ended',
    );
  });

  it('draws a recording of a version without streams', async () => {
    const page = await openStory(3);
    await page.evaluate(() => {
      const { streams, ...older } = JSON.parse(JSON.stringify(timelineElement.timeline));
      timelineElement.timeline = older;
      return drawn();
    });
    expect(await page.evaluate(() => rows().length)).toBe(6);
    await showTable(page);
    expect(await textsOf(page, 'tbody tr')).not.toEqual([]);
  });
});

describe.each(['light', 'dark'] as const)('<renewal-timeline> in %s', (colorScheme) => {
  it('is readable: every text and marble contrasts with its background', async () => {
    const page = await openStory(12, { colorScheme, deviceScaleFactor: 2 });
    await openStreams(page);
    await page.screenshot({ path: `${root}.tmp/timeline-${colorScheme}.png` });
    const contrasts = await page.evaluate(() => {
      const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
      const luminance = (color: string): number => {
        if (!context) return Number.NaN;
        context.fillStyle = color;
        context.fillRect(0, 0, 1, 1);
        const [r = 0, g = 0, b = 0] = [...context.getImageData(0, 0, 1, 1).data].map((byte) => {
          const part = byte / 255;
          return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const contrast = (one: string, other: string): number => {
        const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
        return (light + 0.05) / (dark + 0.05);
      };
      const background = getComputedStyle(timelineElement).backgroundColor;
      const style = (element: Element | null) => getComputedStyle(element ?? timelineElement);
      return {
        background: luminance(background),
        letters: find('.marble').map((marble) =>
          contrast(style(marble.querySelector('text')).fill, style(marble.querySelector('path')).fill),
        ),
        shapes: find('.marble path').map((path) => contrast(style(path).stroke, background)),
        bars: find('.refresh:has(text)').map((bar) =>
          contrast(style(bar.querySelector('text')).fill, style(bar.querySelector('rect')).fill),
        ),
        counts: find('.open + .count').map((text) =>
          contrast(style(text).fill, style(text.previousElementSibling).fill),
        ),
        labels: find('.tick, .session-name').map((text) => contrast(style(text).fill, background)),
        lines: find('.wire, .wait, .session, .open').map((line) => contrast(style(line).stroke, background)),
      };
    });
    expect(contrasts.background > 0.5).toBe(colorScheme === 'light');
    for (const texts of ['letters', 'bars', 'counts', 'labels'] as const) {
      expect(contrasts[texts].length).toBeGreaterThan(0);
      expect(Math.min(...contrasts[texts])).toBeGreaterThan(4.5);
    }
    expect(Math.min(...contrasts.shapes, ...contrasts.lines)).toBeGreaterThan(3);
  });

  it('has no violation that axe finds, as a picture and as tables', async () => {
    const page = await openStory(12, { colorScheme });
    await openStreams(page);
    expect(await violationsIn(page)).toEqual([]);
    await showTable(page);
    await page.screenshot({ path: `${root}.tmp/timeline-${colorScheme}-table.png` });
    expect(await violationsIn(page)).toEqual([]);
  });
});

describe('<renewal-timeline> by keyboard', () => {
  it('gets focus by tab, moves over requests and marbles, and describes them', async () => {
    const page = await openStory(2);
    await press(page, 'Tab', 'Tab');
    const prefix = 'Request 1, GET https://shop.test/orders/1: ';
    expect(await detailsOf(page)).toBe(`${prefix}made at 40 ms, response 200 after 175 ms`);
    await press(page, 'ArrowRight');
    expect(await detailsOf(page)).toBe(`${prefix}1 of 5, sent, generation 1, at 40 ms`);
    await press(page, 'ArrowRight', 'ArrowRight');
    expect(await detailsOf(page)).toBe(`${prefix}3 of 5, waits for refresh 1 (new tokens after 100 ms), at 90 ms`);
    await press(page, 'End', 'ArrowLeft', 'ArrowRight', 'ArrowRight');
    expect(await detailsOf(page)).toBe(
      'Request 5, GET https://shop.test/orders/5: 4 of 4, error session-expired, at 60,090 ms',
    );
    await press(page, 'ArrowUp', 'ArrowUp', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft');
    expect(await detailsOf(page)).toBe(
      'Request 3, DELETE https://shop.test/orders/3: made at 60 ms, cancelled after 90 ms',
    );
  });

  it('shows the selection', async () => {
    const page = await openStory(2);
    const rings = () =>
      page.evaluate(() => {
        const [scroller] = find('.scroller');
        const selected = find('.selected').map((row) => getComputedStyle(row).boxShadow !== 'none');
        return [
          scroller && getComputedStyle(scroller).borderTopColor !== 'rgba(0, 0, 0, 0)',
          selected,
          find('.ring').length,
        ];
      });
    expect(await rings()).toEqual([false, [], 0]);
    await press(page, 'Tab', 'Tab');
    expect(await rings()).toEqual([true, [true], 0]);
    await press(page, 'ArrowRight');
    expect(await rings()).toEqual([true, [true], 1]);
  });

  it('scrolls to a request at any distance', async () => {
    const page = await openStory(200);
    await press(page, 'Tab', 'Tab', 'Home');
    expect(await page.evaluate(() => rows()[0]?.id)).toBe('1');
    await press(page, 'PageDown', 'PageDown', 'ArrowDown');
    expect(await detailsOf(page)).toMatch(/^Request 201,/);
    const [selected, scroller] = await page.evaluate(() =>
      ['.selected', '.scroller'].map((each) => find(each)[0]?.getBoundingClientRect().bottom ?? 0),
    );
    expect(selected).toBeLessThanOrEqual(scroller ?? 0);
    await press(page, 'End');
    expect(await page.evaluate(() => rows().at(-1)?.id)).toBe('203');
  });

  it('ignores other keys', async () => {
    const page = await openStory(2);
    await press(page, 'Tab', 'Tab');
    const before = await detailsOf(page);
    await press(page, 'a', 'Control+ArrowDown');
    expect(await detailsOf(page)).toBe(before);
  });

  it('selects by a click as well', async () => {
    const page = await openStory(2);
    await page.locator('.row .marble.waiting').first().click();
    expect(await detailsOf(page)).toMatch(/^Request 1, .*: 3 of 5, waits/);
  });
});

describe('<renewal-timeline> as tables', () => {
  it('has the same content as the picture', async () => {
    const page = await openStory(1);
    await showTable(page);
    expect(await textsOf(page, 'caption')).toEqual(['Requests', 'Streams', 'Refreshes', 'Session', 'Warnings']);
    const lines = await page.evaluate(() =>
      find('tbody tr').map((row) => [...row.children].map(({ textContent }) => textContent).join(' | ')),
    );
    expect(lines).toEqual([
      '4 | GET /orders/4 | 60,000 ms | 60,000 ms | 60,030 ms | 60,030 ms, for refresh 2 |  | 60,090 ms | error session-expired',
      '3 | POST /orders/3 | 110 ms | 190 ms |  | 110 ms, for refresh 1 |  | 270 ms | error network',
      '2 | DELETE /orders/2 | 60 ms | 60 ms |  |  |  | 150 ms | cancelled',
      '1 | GET /orders/1 | 40 ms | 40 ms | 90 ms | 90 ms, for refresh 1 | 190 ms | 215 ms | response 200',
      '2 | 60,030 ms | 60,090 ms | 1 | failed, status 400 and the session expired',
      '1 | 90 ms | 190 ms | 1 | new tokens',
      '60,090 ms | session expired',
      '0 ms | signed in',
      '60,100 ms | save of the store: QuotaExceededError',
    ]);
  });

  it('updates the tables while they are shown', async () => {
    const page = await openStory(1);
    await showTable(page);
    await page.evaluate((events) => emit(events), [request(9, 99_000, 'queued'), request(9, 99_000, 'sent')]);
    const newest = () =>
      page.evaluate(async () => {
        await drawn();
        return find('table:first-of-type tbody tr:first-child')[0]?.lastElementChild?.textContent;
      });
    expect(await newest()).toBe('on the wire');
    await page.evaluate((events) => emit(events), [request(9, 99_010, 'settled', { status: 204 })]);
    expect(await newest()).toBe('response 204');
    await showTable(page);
    expect(await page.evaluate(() => rows().at(-1))).toMatchObject({ id: '9', marbles: 'S 204' });
  });
});

describe('<renewal-timeline> shows completely', () => {
  /** How far each text exceeds the box that clips it, in pixels; at most 0 if it is completely visible. */
  const clipped = (page: Page, selector: string): Promise<number[]> =>
    page.evaluate((each) => {
      const box = timelineElement.getBoundingClientRect();
      return find(each).map((element) => {
        const range = document.createRange();
        range.selectNodeContents(element);
        const text = range.getBoundingClientRect();
        const { scrollWidth, clientWidth } = element;
        return Math.max(text.right - box.right, box.left - text.left, scrollWidth - clientWidth);
      });
    }, selector);

  it.each([1_000, 640])('the duration of a request beside the longest code, %i pixels wide', async (width) => {
    const page = await open({ viewport: { width, height: 620 } });
    const failed = { error: 'session-expired' } as const;
    await page.evaluate(
      (events) => emit(events),
      [request(1, 0, 'queued'), request(1, 0, 'sent'), request(1, 21_525, 'settled', failed)],
    );
    await page.evaluate(() => drawn());
    expect(await textsOf(page, '.end :last-child')).toEqual(['21,525 ms']);
    expect(await textsOf(page, '.end :first-child')).toEqual(['session-expired']);
    expect(await clipped(page, '.end *')).toEqual([0, 0]);
  });

  it('the label of the end of a session and each url, on a phone', async () => {
    const page = await openStory(12, { viewport: { width: 340, height: 620 } });
    expect(await textsOf(page, '.session-name')).toContain('session expired');
    expect(Math.max(...(await clipped(page, '.session-name, .name')))).toBeLessThanOrEqual(0);
  });

  it('each label of the axis, without overlap by the mark of a fold', async () => {
    const page = await openStory(3, { viewport: { width: 320, height: 620 } });
    const overlaps = await page.evaluate(() => {
      const boxes = find('.tick')
        .map((tick) => tick.getBoundingClientRect())
        .sort((a, b) => a.left - b.left);
      return boxes.slice(1).map(({ left }, index) => (boxes[index]?.right ?? 0) - left);
    });
    expect(overlaps.length).toBeGreaterThan(0);
    expect(Math.max(...overlaps)).toBeLessThanOrEqual(0);
  });
});

describe('<renewal-timeline> without requests', () => {
  it('says so, and draws no grid', async () => {
    const page = await open();
    await page.getByText('No requests yet.').waitFor();
    expect(await page.locator('.scroller').isVisible()).toBe(false);
  });

  it('shows its children until the first request', async () => {
    const page = await open();
    await page.evaluate(() => timelineElement.append('Press the button.'));
    const text = page.getByText('Press the button.');
    await text.waitFor();
    await page.evaluate((events) => emit(events), [request(1, 0, 'queued'), request(1, 0, 'sent')]);
    await page.evaluate(() => drawn());
    expect(await page.evaluate(() => [rows().length, find('.empty')[0]?.hidden])).toEqual([1, true]);
    await page.evaluate(() => {
      timelineElement.api = { events$: events };
      return drawn();
    });
    expect(await page.evaluate(() => find('.empty')[0]?.hidden)).toBe(false);
  });
});

describe('<renewal-timeline> live', () => {
  it('draws once a frame, and only after a change', async () => {
    const page = await openStory(20);
    const [once, never] = await page.evaluate(async (events) => {
      redraws.length = 0;
      emit(events);
      await drawn();
      const first = redraws.length;
      await drawn();
      return [first, redraws.length - first];
    }, story(20));
    expect([once, never]).toEqual([1, 0]);
  });

  it('extends the line of a request in flight until it has settled', async () => {
    const page = await open();
    const nowMs = await page.evaluate(() => Date.now());
    await page.evaluate(([events, laterMs]) => emit(events, laterMs), [
      [request(1, 0, 'queued'), request(1, 0, 'sent')],
      nowMs - START_MS,
    ] as const);
    const widthOf = () => page.evaluate(() => find('.row .wire')[0]?.getBoundingClientRect().width ?? 0);
    await page.waitForFunction(() => (find('.row .wire')[0]?.getBoundingClientRect().width ?? 0) > 0);
    const before = await widthOf();
    await page.waitForFunction(
      (width) => (find('.row .wire')[0]?.getBoundingClientRect().width ?? 0) !== width,
      before,
    );
    const after = await page.evaluate(async () => {
      const { startedAtMs = 0 } = timelineElement.timeline ?? {};
      events.next({
        type: 'request',
        method: 'GET',
        url: '',
        attempt: 1,
        requestId: 1,
        phase: 'settled',
        status: 200,
        atMs: startedAtMs + 5_000,
      });
      await drawn();
      redraws.length = 0;
      await drawn();
      return redraws.length;
    });
    expect(after).toBe(0);
  });

  it('does not move between events with reduced motion', async () => {
    const page = await open({ reducedMotion: 'reduce' });
    const drawings = await page.evaluate(
      async (events) => {
        await drawn();
        emit(events, Date.now() - (events[0]?.atMs ?? 0));
        await drawn();
        redraws.length = 0;
        await drawn();
        return [rows().length, redraws.length];
      },
      [request(1, 0, 'queued'), request(1, 0, 'sent')],
    );
    expect(drawings).toEqual([1, 0]);
  });

  it('follows the newest request until the user scrolls back', async () => {
    const page = await openStory(100);
    const lastShown = (id: number) =>
      page.evaluate(
        async (event) => {
          emit([event]);
          await drawn();
          return Number(rows().at(-1)?.id);
        },
        request(id, 70_000 + id, 'queued'),
      );
    expect(await lastShown(200)).toBe(200);
    await page.evaluate(async () => {
      find('.scroller')[0]?.scrollTo(0, 0);
      await drawn();
    });
    expect(await lastShown(201)).toBeLessThan(50);
  });

  it('has only the rows in view, and redraws 500 live lanes within a frame', async () => {
    const page = await open();
    const { median, rowsHeld, lanes, count } = await page.evaluate(async (startMs) => {
      let id = 0;
      const step = (requestId: number, phase: RequestEvent['phase']): void =>
        events.next({
          type: 'request',
          method: 'GET',
          url: `https://shop.test/orders/${requestId}`,
          attempt: 1,
          requestId,
          phase,
          atMs: Date.now(),
          ...(phase === 'waiting' && { refreshId: 1 }),
        });
      const begin = (): void => {
        id++;
        step(id, 'queued');
        step(id, 'sent');
      };
      events.next({ type: 'refresh', phase: 'started', refreshId: 1, generation: 1, waiting: 0, atMs: startMs });
      while (id < 500) begin();
      await drawn();
      redraws.length = 0;
      // always 500 lanes in flight: in each frame five settle, five start, and those in view continue
      for (let frames = 0; frames < 200; frames++) {
        for (let each = 0; each < 5; each++) {
          step(id - 499, 'settled');
          begin();
          step(id - 1, 'token-expired');
          step(id - 1, 'waiting');
          step(id - 5, 'resent');
        }
        await frame();
      }
      const sorted = [...redraws].sort((a, b) => a - b);
      return {
        median: sorted[Math.floor(sorted.length / 2)] ?? Infinity,
        count: sorted.length,
        rowsHeld: find('.row').length,
        lanes: timelineElement.timeline?.requests.length,
      };
    }, Date.now());
    expect([lanes, count]).toEqual([500, 200]);
    expect(rowsHeld).toBeLessThan(40);
    expect(median).toBeLessThan(10);
  });
});

describe('<renewal-timeline> and its place in the page', () => {
  it('unsubscribes when it is removed, and restarts when it is put back', async () => {
    const page = await openStory(3);
    const seen = await page.evaluate(async (emitted) => {
      const { parentElement } = timelineElement;
      timelineElement.remove();
      await drawn();
      const out = events.observed;
      emit(emitted);
      parentElement?.append(timelineElement);
      await drawn();
      const back = events.observed;
      const empty = rows().length;
      emit(emitted);
      await drawn();
      return [out, back, empty, rows().length];
    }, story(1));
    expect(seen).toEqual([false, true, 0, 4]);
  });

  it('draws nothing while it is removed', async () => {
    const page = await open();
    const drawings = await page.evaluate(
      async (told) => {
        emit(told, Date.now() - (told[0]?.atMs ?? 0));
        await drawn();
        timelineElement.remove();
        await drawn();
        redraws.length = 0;
        emit(told);
        timelineElement.timeline = undefined;
        await drawn();
        return redraws.length;
      },
      [request(1, 0, 'queued'), request(1, 0, 'sent')],
    );
    expect(drawings).toBe(0);
  });

  it('continues recording when it is moved', async () => {
    const page = await openStory(3);
    const kept = await page.evaluate(async () => {
      document.body.append(timelineElement);
      await drawn();
      return [events.observed, rows().length];
    });
    expect(kept).toEqual([true, 6]);
  });

  it('unsubscribes from its client when the client is replaced or removed', async () => {
    const page = await openStory(3);
    const observed = await page.evaluate(async () => {
      timelineElement.api = { events$: events.asObservable() };
      const other = events.observed;
      timelineElement.api = undefined;
      await drawn();
      return [other, events.observed, timelineElement.timeline, rows().length];
    });
    expect(observed).toEqual([true, false, undefined, 0]);
  });
});
