import { getEventListeners } from 'node:events';
import { onTestFinished, vi } from 'vitest';

/** Fires the events of a browser page, during one test. */
export interface Page {
  /** The network is back. */
  goOnline(): void;
  /** The page is visible again. */
  show(): void;
  /** The page is hidden. */
  hide(): void;
  /** The browser has restored the page from the back/forward cache. */
  restore(): void;
  /** The number of listeners. */
  readonly listeners: number;
}

/** Gives Node a window and a document as globals, until the end of the test. */
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
