import type { ApiEvent } from 'renewal';
import { defineTimelineElement, type TimelineElement } from 'renewal/devtools';
import { Subject } from 'rxjs';

/** The content of a row of the picture. */
export interface DrawnRow {
  /** Of a stream, it begins with `~`. */
  readonly id: string;
  /** The texts of the marbles. */
  readonly marbles: string;
  /** The classes of the bands, by the outcome of the refresh. */
  readonly bands: string;
}

declare global {
  /** Emits the events of the client of the page. */
  var events: Subject<ApiEvent>;
  /** Emits events, `laterMs` after their own time. */
  var emit: (events: readonly ApiEvent[], laterMs?: number) => void;
  /** The timeline element of the page. */
  var timelineElement: TimelineElement;
  /** Finds elements in its shadow root. */
  var find: (selector: string) => readonly HTMLElement[];
  var rows: () => readonly DrawnRow[];
  /** Resolves once the next frame has been drawn. */
  var frame: () => Promise<void>;
  /** Resolves once everything has been drawn. */
  var drawn: () => Promise<void>;
  /** The duration of each redraw, with its layout, in milliseconds. */
  var redraws: number[];
}

const { requestAnimationFrame: inFrame } = globalThis;
globalThis.redraws = [];
globalThis.requestAnimationFrame = (draw) =>
  inFrame((atMs) => {
    const startMs = performance.now();
    draw(atMs);
    globalThis.timelineElement.getBoundingClientRect();
    globalThis.redraws.push(performance.now() - startMs);
  });

globalThis.events = new Subject();
globalThis.emit = (events, laterMs = 0) => {
  for (const event of events) globalThis.events.next({ ...event, atMs: event.atMs + laterMs });
};

globalThis.frame = () => new Promise((resolve) => inFrame(() => resolve()));
globalThis.drawn = async () => {
  // frames: report the size, draw, scroll, draw again
  for (let frames = 0; frames < 4; frames++) await frame();
};

globalThis.find = (selector) => [
  ...(globalThis.timelineElement.shadowRoot?.querySelectorAll<HTMLElement>(selector) ?? []),
];

globalThis.rows = () =>
  globalThis
    .find('.view > div > .row:not([hidden])')
    .filter((row) => !row.parentElement?.classList.contains('view'))
    .map((row) => ({
      id: row.querySelector('b')?.textContent ?? '',
      marbles: [...row.querySelectorAll('.marble')].map(({ textContent }) => textContent).join(' '),
      bands: [...row.querySelectorAll('.band')].map((band) => band.getAttribute('class')?.slice(5)).join(' '),
    }));

defineTimelineElement();

addEventListener('DOMContentLoaded', () => {
  document.documentElement.lang = 'en';
  document.documentElement.style.colorScheme = 'light dark';
  globalThis.timelineElement = document.createElement('renewal-timeline');
  globalThis.timelineElement.api = { events$: globalThis.events };
  const heading = document.createElement('h1');
  heading.textContent = 'Timeline';
  const main = document.createElement('main');
  main.append(heading, globalThis.timelineElement);
  document.body.append(main);
});
