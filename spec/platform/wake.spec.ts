import { getEventListeners } from 'node:events';
import { merge, type Observable } from 'rxjs';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { wake } from '../../lib/platform/wake';
import { installPage } from '../support/page';

const SIGNALS = ['online$', 'visible$'] as const;

/** How often a signal has come, and how it has ended, if it has. */
const listen = (signal$: Observable<unknown>) => {
  const heard = { count: 0, ends: [] as unknown[], stop: () => listening.unsubscribe() };
  const listening = signal$.subscribe({
    next: () => {
      heard.count++;
    },
    error: (error) => heard.ends.push(error),
    complete: () => heard.ends.push('complete'),
  });
  return heard;
};

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('wake on a page', () => {
  it('tells that the network is back', () => {
    const page = installPage();
    const online = listen(wake.online$);
    page.show();
    page.restore();
    expect(online.count).toBe(0);
    page.goOnline();
    page.goOnline();
    expect(online).toMatchObject({ count: 2, ends: [] });
  });

  it('tells that someone looks at the page again, and not that no one does', () => {
    const page = installPage();
    const visible = listen(wake.visible$);
    page.goOnline();
    page.hide();
    expect(visible.count).toBe(0);
    page.show();
    expect(visible).toMatchObject({ count: 1, ends: [] });
  });

  it('tells that the browser has brought the page back from its cache', () => {
    const page = installPage();
    const visible = listen(wake.visible$);
    page.restore();
    expect(visible).toMatchObject({ count: 1, ends: [] });
  });

  it('tells everyone who listens, until they leave, and then listens to nothing', () => {
    const page = installPage();
    const [first, second] = [listen(wake.online$), listen(wake.online$)];
    const visible = listen(wake.visible$);
    expect(page.listeners).toBe(4);
    first.stop();
    page.goOnline();
    expect([first.count, second.count]).toEqual([0, 1]);
    second.stop();
    visible.stop();
    expect(page.listeners).toBe(0);
    page.goOnline();
    page.show();
    expect([first.count, second.count, visible.count]).toEqual([0, 1, 0]);
  });

  it('looks for the page when someone subscribes: one that came later will do', () => {
    const { online$ } = wake;
    listen(online$).stop();
    const page = installPage();
    const online = listen(online$);
    page.goOnline();
    expect(online.count).toBe(1);
  });
});

describe('whether the page is hidden', () => {
  it('is asked of the page each time, and elsewhere it never is', () => {
    expect(wake.isHidden()).toBe(false);
    const page = installPage();
    expect(wake.isHidden()).toBe(false);
    page.hide();
    expect(wake.isHidden()).toBe(true);
    page.show();
    expect(wake.isHidden()).toBe(false);
  });
});

describe('wake elsewhere', () => {
  it.each(SIGNALS)('is silent in Node, and never ends: %s', (name) => {
    const heard = listen(wake[name]);
    expect(heard).toMatchObject({ count: 0, ends: [] });
    heard.stop();
  });

  it('is notified of the network in a worker, which has no document', () => {
    const worker = new EventTarget();
    vi.stubGlobal('addEventListener', worker.addEventListener.bind(worker));
    vi.stubGlobal('removeEventListener', worker.removeEventListener.bind(worker));
    const [online, visible] = SIGNALS.map((name) => listen(wake[name]));
    worker.dispatchEvent(new Event('online'));
    expect([online, visible]).toMatchObject([
      { count: 1, ends: [] },
      { count: 0, ends: [] },
    ]);
    online?.stop();
    expect(getEventListeners(worker, 'online')).toEqual([]);
  });

  it.each(SIGNALS)('is silent where listeners can be added but not taken away: %s', (name) => {
    const adds = vi.fn();
    vi.stubGlobal('addEventListener', adds);
    vi.stubGlobal('document', { addEventListener: adds });
    const heard = listen(wake[name]);
    expect(heard).toMatchObject({ count: 0, ends: [] });
    expect(adds).not.toHaveBeenCalled();
  });

  it.each(SIGNALS)('is silent where a platform has a document that is no target of events: %s', (name) => {
    vi.stubGlobal('document', {});
    expect(listen(wake[name])).toMatchObject({ count: 0, ends: [] });
  });
});

describe('wake before anyone subscribes', () => {
  it('touches no global, and looks for its targets once someone does', () => {
    const touched = new Set<string>();
    for (const name of ['addEventListener', 'removeEventListener', 'document']) {
      const get = () => {
        touched.add(name);
      };
      Object.defineProperty(globalThis, name, { configurable: true, get });
      onTestFinished(() => {
        Reflect.deleteProperty(globalThis, name);
      });
    }
    const all$ = merge(wake.online$, wake.visible$);
    expect([...touched]).toEqual([]);
    listen(all$).stop();
    expect([...touched].join()).toMatch(/EventListener/);
    expect(touched).toContain('document');
  });
});
