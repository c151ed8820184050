import type { ApiEvent } from 'renewal';
import { defineTimelineElement, type TimelineElement } from 'renewal/devtools';
import { Subject } from 'rxjs';

/** What a row of the picture shows. */
export interface DrawnRow {
  readonly id: number;
  /** The marbles, by what is written on them. */
  readonly marbles: string;
  /** The bands, by what has become of the refresh. */
  readonly bands: string;
}

declare global {
  /** What the events of the page's client are told with. */
  var events: Subject<ApiEvent>;
  /** Tells of what happened, `laterMs` later than the events say. */
  var tell: (events: readonly ApiEvent[], laterMs?: number) => void;
  /** The element that the page shows. */
  var shown: TimelineElement;
  /** Looks into the element. */
  var find: (selector: string) => readonly HTMLElement[];
  var rows: () => readonly DrawnRow[];
  /** Resolves once the next frame has been drawn. */
  var frame: () => Promise<void>;
  /** Resolves once what is to be drawn has been drawn. */
  var drawn: () => Promise<void>;
  /** How long each redraw has taken, its layout included, in milliseconds. */
  var redraws: number[];
}

const { requestAnimationFrame: inFrame } = globalThis;
globalThis.redraws = [];
globalThis.requestAnimationFrame = (draw) =>
  inFrame((atMs) => {
    const startMs = performance.now();
    draw(atMs);
    globalThis.shown.getBoundingClientRect();
    globalThis.redraws.push(performance.now() - startMs);
  });

globalThis.events = new Subject();
globalThis.tell = (events, laterMs = 0) => {
  for (const event of events) globalThis.events.next({ ...event, atMs: event.atMs + laterMs });
};

globalThis.frame = () => new Promise((resolve) => inFrame(() => resolve()));
globalThis.drawn = async () => {
  // one for the size to be told, one to draw, one for it to have scrolled, one to draw that
  for (let frames = 0; frames < 4; frames++) await frame();
};

globalThis.find = (selector) => [...(globalThis.shown.shadowRoot?.querySelectorAll<HTMLElement>(selector) ?? [])];

globalThis.rows = () =>
  globalThis
    .find('.view > div > .row:not([hidden])')
    .filter((row) => !row.parentElement?.classList.contains('view'))
    .map((row) => ({
      id: Number(row.querySelector('b')?.textContent),
      marbles: [...row.querySelectorAll('.marble')].map(({ textContent }) => textContent).join(' '),
      bands: [...row.querySelectorAll('.band')].map((band) => band.getAttribute('class')?.slice(5)).join(' '),
    }));

defineTimelineElement();

addEventListener('DOMContentLoaded', () => {
  document.documentElement.lang = 'en';
  document.documentElement.style.colorScheme = 'light dark';
  globalThis.shown = document.createElement('renewal-timeline');
  globalThis.shown.api = { events$: globalThis.events };
  const heading = document.createElement('h1');
  heading.textContent = 'Timeline';
  const main = document.createElement('main');
  main.append(heading, globalThis.shown);
  document.body.append(main);
});
