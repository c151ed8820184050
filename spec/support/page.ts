import { getEventListeners } from 'node:events';
import { onTestFinished, vi } from 'vitest';

/** What a page of a browser tells those who listen, for the time of one test. */
export interface Page {
  /** The network is back. */
  goOnline(): void;
  /** Someone looks at the page again. */
  show(): void;
  /** No one looks at the page any more. */
  hide(): void;
  /** The browser has brought the page back as it was left. */
  restore(): void;
  /** How many listen. */
  readonly listeners: number;
}

/** Makes a window and a document of the globals of Node; the test's end takes them away. */
export const installPage = (): Page => {
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
  vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window));
  vi.stubGlobal('document', document);
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });

  const turn = (visibilityState: 'visible' | 'hidden'): void => {
    document.visibilityState = visibilityState;
    document.dispatchEvent(new Event('visibilitychange'));
  };
  const listenersOf = (target: EventTarget, ...types: string[]): number =>
    types.reduce((sum, type) => sum + getEventListeners(target, type).length, 0);
  return {
    goOnline: () => {
      window.dispatchEvent(new Event('online'));
    },
    show: () => turn('visible'),
    hide: () => turn('hidden'),
    restore: () => {
      window.dispatchEvent(new Event('pageshow'));
    },
    get listeners() {
      return listenersOf(window, 'online', 'pageshow') + listenersOf(document, 'visibilitychange');
    },
  };
};
