import { drawHead, drawLines, HEAD_HEIGHT } from './axis';
import { html, svg } from './dom';
import { describeSelection } from './labels';
import { type Lane, lanesOf, numberOf } from './lane';
import { createRow, drawLane, ROW_HEIGHT, type Row } from './row';
import { moveSelection, type Selection } from './selection';
import type { Timeline } from './timeline';
import { cacheKey, changesWithTime, createView, type View } from './view';

const NO_LANES: readonly Lane[] = [];

/** The marble diagram. It has rows for the lanes in view only. */
export class Picture {
  readonly #head = svg('svg', { height: HEAD_HEIGHT });
  readonly #backdrop = svg('svg');
  readonly #body = html('div');
  readonly #content = html(
    'div',
    { class: 'space' },
    html('div', { class: 'view' }, html('div', { class: 'row' }, this.#backdrop), this.#body),
  );
  readonly #scroller = html(
    'div',
    {
      class: 'scroller',
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'marble diagram',
      'aria-label': 'Requests and streams over time. Arrow keys move over them and their marbles.',
      'aria-describedby': 'details',
    },
    html(
      'div',
      { class: 'row head', 'aria-hidden': 'true' },
      html('span', { class: 'name' }, 'request'),
      this.#head,
      html('span', { class: 'end' }, 'took'),
    ),
    this.#content,
  );
  readonly #empty = html('div', { class: 'empty' }, html('slot', {}, 'No requests yet.'));
  readonly #details = html('p', { id: 'details', class: 'details', role: 'status' });
  readonly element = html('div', { class: 'picture' }, this.#scroller, this.#empty, this.#details);

  readonly #invalidate: () => void;
  readonly #rows: Row[] = [];
  #lanes = NO_LANES;
  #dropped = 0;
  #first = 0;
  #selection: Selection | undefined;
  #isFollowing = true;
  #width = 0;
  #height = 0;

  /** @param invalidate - Called when the picture needs a redraw. */
  constructor(invalidate: () => void) {
    this.#invalidate = invalidate;
    this.#scroller.addEventListener('scroll', () => this.#onScroll());
    this.#scroller.addEventListener('focus', () => this.#onFocus());
    this.#scroller.addEventListener('keydown', (event) => this.#onKeydown(event));
    // Not click: a redraw may replace the pressed element before the mouse button is released.
    this.#scroller.addEventListener('mousedown', (event) => this.#onMousedown(event));
    new ResizeObserver(() => this.#onResize()).observe(this.#scroller);
  }

  /** Draws a timeline at `nowMs`. Returns the milliseconds until it looks different without an event. */
  draw(timeline: Timeline, nowMs: number): number {
    const lanes = lanesOf(timeline);
    const isEmpty = lanes.length === 0;
    this.#details.hidden = this.#scroller.hidden = isEmpty;
    this.#empty.hidden = !isEmpty;
    this.#scrollTo(lanes, timeline.dropped);
    const top = this.#scroller.scrollTop;
    this.#first = Math.floor(top / ROW_HEIGHT);
    const count = Math.max(0, Math.ceil((this.#height - HEAD_HEIGHT) / ROW_HEIGHT) + 1);
    const view = createView(timeline, lanes, this.#first, count, this.#width, nowMs);
    this.#head.replaceChildren(...drawHead(view));
    this.#backdrop.replaceChildren(...drawLines(view, this.#height));
    this.#body.style.transform = `translateY(${-(top % ROW_HEIGHT)}px)`;
    this.#drawRows(view);
    this.#describe(timeline);
    return changesWithTime(view) ? view.scale.msPerPixel : Infinity;
  }

  /** Follows the newest lane, or keeps the lanes in view in place while older ones are dropped. */
  #scrollTo(lanes: readonly Lane[], dropped: number): void {
    const droppedHeight = (dropped - this.#dropped) * ROW_HEIGHT;
    this.#dropped = dropped;
    if (lanes.length !== this.#lanes.length) this.#content.style.height = `${lanes.length * ROW_HEIGHT}px`;
    this.#lanes = lanes;
    if (this.#isFollowing) this.#scroller.scrollTop = lanes.length * ROW_HEIGHT;
    else if (droppedHeight > 0) this.#scroller.scrollTop -= droppedHeight;
  }

  #drawRows(view: View): void {
    const { lanes, refreshes, scale, nowMs } = view;
    while (this.#rows.length < lanes.length) {
      const row = createRow();
      this.#rows.push(row);
      this.#body.append(row.element);
    }
    for (const [index, { element, update }] of this.#rows.entries()) {
      const lane = lanes[index];
      element.hidden = !lane;
      if (!lane) continue;
      const marble = numberOf(lane) === this.#selectedNumber ? this.#selection?.marble : undefined;
      element.classList.toggle('selected', marble !== undefined);
      update(lane, cacheKey(view, lane, marble), () => drawLane(lane, refreshes, scale, this.#width, nowMs, marble));
    }
  }

  #describe(timeline: Timeline): void {
    const number = this.#selectedNumber;
    const lane = this.#lanes.find((each) => numberOf(each) === number);
    const { marble = -1 } = this.#selection ?? {};
    this.#selection = lane && { lane, marble };
    const text = lane ? describeSelection(lane, marble, timeline) : 'Click a request, or move with the arrow keys.';
    if (this.#details.textContent !== text) this.#details.textContent = text;
  }

  get #selectedNumber(): string | undefined {
    return this.#selection && numberOf(this.#selection.lane);
  }

  #select(selection: Selection | undefined): void {
    this.#selection = selection;
    this.#invalidate();
  }

  #onScroll(): void {
    const { scrollTop, clientHeight, scrollHeight } = this.#scroller;
    this.#isFollowing = scrollTop + clientHeight >= scrollHeight - ROW_HEIGHT;
    this.#invalidate();
  }

  #onResize(): void {
    this.#width = this.#head.getBoundingClientRect().width;
    this.#height = this.#scroller.clientHeight;
    this.#invalidate();
  }

  #onFocus(): void {
    if (!this.#selection) this.#select(this.#firstVisible());
  }

  /** The first lane that is completely in view. */
  #firstVisible(): Selection | undefined {
    const lane = this.#lanes[Math.ceil(this.#scroller.scrollTop / ROW_HEIGHT)];
    return lane && { lane, marble: -1 };
  }

  #onKeydown(event: KeyboardEvent): void {
    const from = this.#selection ?? this.#firstVisible();
    const selection = from && moveSelection(this.#lanes, from, event.key);
    if (!selection || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const top = this.#lanes.indexOf(selection.lane) * ROW_HEIGHT;
    const lanesHeight = this.#height - HEAD_HEIGHT - ROW_HEIGHT;
    this.#scroller.scrollTop = Math.max(Math.min(this.#scroller.scrollTop, top), top - lanesHeight);
    this.#isFollowing = false;
    this.#select(selection);
  }

  #onMousedown({ target }: Event): void {
    if (!(target instanceof Element)) return;
    const index = this.#rows.findIndex(({ element }) => element.contains(target));
    const lane = index < 0 ? undefined : this.#lanes[this.#first + index];
    const marbles = [...(this.#rows[index]?.element.querySelectorAll('.marble') ?? [])];
    if (lane) this.#select({ lane, marble: marbles.findIndex((marble) => marble.contains(target)) });
  }
}
