import type { Browser, CDPSession } from 'playwright-core';
import { startChromium } from '../chromium';
import { type BrowserProfile, callOf, type StoppableTab, type TestBrowser } from './browser';

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

interface Evaluated {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } };
}

/** One tab's part of the Chrome DevTools Protocol. */
const attach = async (browser: CDPSession, targetId: string) => {
  const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: false });
  const answers = new Map<number, (answer: Answer) => void>();
  const events = new Map<string, () => void>();
  let sent = 0;
  browser.on('Target.receivedMessageFromTarget', (received) => {
    if (received.sessionId !== sessionId) return;
    const answer: Answer = JSON.parse(received.message);
    if (answer.method) events.get(answer.method)?.();
    else answers.get(answer.id ?? 0)?.(answer);
  });
  const send = <T>(method: string, params: object = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      const id = ++sent;
      answers.set(id, ({ result, error }) => {
        answers.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result as T); // the protocol defines it so
      });
      browser
        .send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) })
        .catch(reject);
    });
  const next = (event: string): Promise<void> => new Promise((resolve) => events.set(event, resolve));
  return { send, next };
};

/** Tabs over raw CDP. The pages of playwright-core do not fit: it keeps each of them visible and awake. */
const openProfile = async (browser: Browser): Promise<BrowserProfile<StoppableTab>> => {
  const devtools = await browser.newBrowserCDPSession();
  const { browserContextId } = await devtools.send('Target.createBrowserContext');

  const open = async (url: string): Promise<StoppableTab> => {
    const { targetId } = await devtools.send('Target.createTarget', { url: 'about:blank', browserContextId });
    const { send, next } = await attach(devtools, targetId);
    const loaded = async (start: () => Promise<unknown>): Promise<void> => {
      const load = next('Page.loadEventFired');
      await start();
      await load;
    };
    const back = async (): Promise<void> => {
      // A page that comes from the cache fires no load event.
      const shown = next('Page.frameNavigated');
      await send('Runtime.evaluate', { expression: 'history.back()' });
      await shown;
    };
    await Promise.all([send('Page.enable'), send('Inspector.enable')]);
    await loaded(() => send('Page.navigate', { url }));

    return {
      evaluate: async <R, A>(run: (given: A) => R | Promise<R>, given?: A): Promise<R> => {
        const { result, exceptionDetails } = await send<Evaluated>('Runtime.evaluate', {
          expression: callOf(run, given),
          awaitPromise: true,
          returnByValue: true,
        });
        if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
        return result.value as R; // the result went through JSON
      },
      go: (to) => (to === 'back' ? back() : loaded(() => send('Page.navigate', { url: to }))),
      show: async () => {
        await devtools.send('Target.activateTarget', { targetId });
      },
      freeze: () => send('Page.setWebLifecycleState', { state: 'frozen' }),
      thaw: () => send('Page.setWebLifecycleState', { state: 'active' }),
      crash: async () => {
        const crashed = next('Inspector.targetCrashed');
        send('Page.crash').catch(() => {});
        await crashed;
      },
      close: async () => {
        await devtools.send('Target.closeTarget', { targetId });
      },
    };
  };

  return {
    open,
    close: async () => {
      await devtools.send('Target.disposeBrowserContext', { browserContextId });
      await devtools.detach();
    },
  };
};

export const startChromiumTabs = async (): Promise<TestBrowser<StoppableTab>> => {
  const browser = await startChromium();
  return { openProfile: () => openProfile(browser), close: () => browser.close() };
};
