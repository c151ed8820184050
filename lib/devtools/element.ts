import type { Api } from 'renewal';
import { asyncScheduler } from 'rxjs';
import { html } from './dom';
import { drawLegend } from './legend';
import { Picture } from './picture';
import { recordTimeline, type TimelineRecorder } from './record-timeline';
import { STYLE } from './style';
import { createTables } from './table';
import type { Timeline } from './timeline';

/** The `HTMLElement` of `lib.dom`, or `object` in a project without it, as for Node. */
type PageElement = typeof globalThis extends { HTMLElement: { prototype: infer Declared } } ? Declared : object;

/**
 * `<renewal-timeline>`: draws a timeline as a marble diagram, or as tables. Each request is a lane with its marbles,
 * each stream a lane with a bar for each connection and the number of its events, each refresh a band across the lanes
 * that wait for it, each change of the session a vertical line. The axis covers the lanes in view. Long times without
 * events, and the time of an open connection, are folded.
 *
 * Up and down, page up and page down, home and end move over the lanes, left and right over the marbles of one.
 *
 * The children of the element are shown while there are no requests.
 *
 * It follows the `color-scheme` of its context, and `prefers-reduced-motion`. Custom properties change its colours:
 * `--renewal-background`, `--renewal-text`, `--renewal-sent`, `--renewal-expired`, `--renewal-waiting`,
 * `--renewal-answer`, `--renewal-error`, `--renewal-refresh`, `--renewal-session`. Its height is 28rem, unless the page
 * sets another.
 */
export interface TimelineElement extends PageElement {
  /**
   * A client to record and draw while the element is in a page. A move within the page continues the recording, a later
   * return starts a new one. Setting it replaces `timeline`.
   */
  api: Pick<Api, 'events$'> | undefined;
  /**
   * The drawn timeline: the recording of `api`, or a timeline that was recorded elsewhere, such as one from a log.
   * Setting it replaces `api`.
   */
  timeline: Timeline | undefined;
}

declare global {
  interface HTMLElementTagNameMap {
    'renewal-timeline': TimelineElement;
  }
}

const FRAME_MS = 17;

const EMPTY_TIMELINE: Timeline = {
  startedAtMs: 0,
  durationMs: 0,
  requests: [],
  streams: [],
  refreshes: [],
  sessionChanges: [],
  warnings: [],
  dropped: 0,
};

/** Creates the class on demand: Node has no `HTMLElement`, and each name needs its own class. */
const createElementClass = (): CustomElementConstructor =>
  class TimelineHTMLElement extends HTMLElement implements TimelineElement {
    #api: TimelineElement['api'];
    #recorder: TimelineRecorder | undefined;
    #assigned: Timeline | undefined;
    #isRecording = false;
    #frame = 0;
    #timer: ReturnType<typeof setTimeout> | undefined;
    readonly #reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
    readonly #picture = new Picture(() => this.#invalidate());
    readonly #tables = createTables();
    readonly #tableButton = html('button', { type: 'button', 'aria-pressed': 'false' }, 'Table');

    constructor() {
      super();
      const root = this.attachShadow({ mode: 'open' });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      root.append(
        html('div', { class: 'bar' }, drawLegend(), this.#tableButton),
        this.#picture.element,
        this.#tables.element,
      );
      this.#tableButton.addEventListener('click', () => this.#toggleTable());
    }

    get api(): TimelineElement['api'] {
      return this.#api;
    }

    set api(api) {
      this.#stop();
      this.#recorder = this.#assigned = undefined;
      this.#api = api;
      this.#start();
    }

    get timeline(): Timeline | undefined {
      return this.#assigned ?? this.#recorder?.timeline;
    }

    set timeline(timeline) {
      this.api = undefined;
      this.#assigned = timeline;
    }

    connectedCallback(): void {
      this.#upgradeProperty('timeline');
      this.#upgradeProperty('api');
      this.#start();
    }

    disconnectedCallback(): void {
      // A move within the page disconnects the element and connects it again in the same task.
      queueMicrotask(() => this.isConnected || this.#stop());
    }

    /** Passes a value to the setter that the page assigned before the element was defined. */
    #upgradeProperty(property: 'api' | 'timeline'): void {
      if (!Object.hasOwn(this, property)) return;
      const { [property]: value } = this;
      delete (this as Partial<TimelineElement>)[property]; // the setter of the class remains
      Object.assign(this, { [property]: value });
    }

    #start(): void {
      this.#invalidate();
      if (!this.#api || this.#isRecording || !this.isConnected) return;
      this.#isRecording = true;
      this.#recorder = recordTimeline(this.#api);
      this.#recorder.changes$.subscribe(() => this.#invalidate());
    }

    #stop(): void {
      this.#isRecording = false;
      this.#recorder?.stop();
      cancelAnimationFrame(this.#frame);
      clearTimeout(this.#timer);
      this.#frame = 0;
    }

    /** Schedules a draw in the next frame. */
    #invalidate(): void {
      if (this.isConnected) this.#frame ||= requestAnimationFrame(() => this.#draw());
    }

    #draw(): void {
      this.#frame = 0;
      clearTimeout(this.#timer);
      const { timeline = EMPTY_TIMELINE } = this;
      if (!this.#tables.element.hidden) {
        this.#tables.draw(timeline);
        return;
      }
      const isLive = this.#isRecording && timeline.startedAtMs > 0;
      const nowMs = isLive ? asyncScheduler.now() - timeline.startedAtMs : 0;
      const nextMs = this.#picture.draw(timeline, Math.max(timeline.durationMs, nowMs));
      if (!isLive || this.#reducedMotion.matches || nextMs === Infinity) return;
      if (nextMs < FRAME_MS) this.#invalidate();
      else this.#timer = setTimeout(() => this.#invalidate(), nextMs);
    }

    /** Switches between the picture and the tables. */
    #toggleTable(): void {
      const isTable = this.#tables.element.hidden;
      this.#tableButton.ariaPressed = `${isTable}`;
      this.#tables.element.hidden = !isTable;
      this.#picture.element.hidden = isTable;
      this.#invalidate();
    }
  };

/**
 * Defines the element `<renewal-timeline>`: see {@link TimelineElement}. Does nothing if the name is already defined,
 * or without custom elements, as in Node.
 *
 * @param name - The name of the element. @defaultValue 'renewal-timeline'
 * @throws TypeError if the name is not valid.
 *
 * @example
 * ```ts
 * import { defineTimelineElement } from 'renewal/devtools';
 *
 * defineTimelineElement();
 * const timeline = document.createElement('renewal-timeline');
 * document.body.append(timeline);
 * ```
 */
export const defineTimelineElement = (name = 'renewal-timeline'): void => {
  if (typeof name !== 'string' || !/^[a-z][^A-Z\s]*-[^A-Z\s]*$/.test(name)) {
    throw new TypeError('name: expected lower case with a hyphen, such as renewal-timeline');
  }
  if (!globalThis.customElements || customElements.get(name)) return;
  customElements.define(name, createElementClass());
};
