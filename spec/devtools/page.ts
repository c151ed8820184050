import type { ApiEvent } from 'renewal';
import { defineTimelineElement, type TimelineElement } from 'renewal/devtools';
import { Subject } from 'rxjs';

declare global {
  /** What the events of the page's client are told with. */
  var events: Subject<ApiEvent>;
  /** Tells of what happened. */
  var tell: (events: readonly ApiEvent[]) => void;
  /** The element that the page shows. */
  var shown: TimelineElement;
  /** Resolves once what is to be drawn has been drawn. */
  var drawn: () => Promise<void>;
}

defineTimelineElement();

globalThis.events = new Subject();
globalThis.tell = (events) => {
  for (const event of events) globalThis.events.next(event);
};
const frame = () => new Promise<void>((resolve) => requestAnimationFrame(() => resolve()));
// one for the size to be told, one to draw, one to scroll
globalThis.drawn = async () => {
  for (let frames = 0; frames < 4; frames++) await frame();
};

addEventListener('DOMContentLoaded', () => {
  document.documentElement.lang = 'en';
  globalThis.shown = document.createElement('renewal-timeline');
  globalThis.shown.api = { events$: globalThis.events };
  const main = document.createElement('main');
  const heading = document.createElement('h1');
  heading.textContent = 'Timeline';
  main.append(heading, globalThis.shown);
  document.body.append(main);
});
