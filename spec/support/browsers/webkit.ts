import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOSTS } from '../../transports/contract/hosts';
import type { BrowserProfile, BrowserTab, TestBrowser } from './browser';
import { openPageChannel, type PageChannel } from './page-channel';
import { startGroup, startWebDriver, type WebDriver } from './webdriver';

const LIBRARIES = '/usr/lib';

/** The browser that comes with the library, below the folder of this machine's architecture. */
const findMiniBrowser = (): string => {
  const found = readdirSync(LIBRARIES)
    .map((folder) => join(LIBRARIES, folder, 'webkit2gtk-4.1/MiniBrowser'))
    .find(existsSync);
  if (!found) throw new Error('there is no MiniBrowser of WebKitGTK here: install webkit2gtk-driver');
  return found;
};

/** A screen that no one sees; resolves with its name. */
const startScreen = async () => {
  const screen = startGroup('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {});
  const failed = once(screen, 'error').then(([error]) => Promise.reject(error));
  const [number] = await Promise.race([once(Object(screen.stdio[3]), 'data'), failed]);
  return { name: `:${`${number}`.trim()}`, end: screen.end };
};

const openTab = async (driver: WebDriver, channel: PageChannel, url: string): Promise<BrowserTab> => {
  const { handle } = await driver.send<{ handle: string }>('POST', '/window/new', { type: 'tab' });
  const load = (path: string, parameters?: object): Promise<void> =>
    driver.inWindow(handle, async (send) => {
      await send('POST', path, parameters);
      await send('POST', '/execute/sync', { script: channel.script, args: [] });
    });
  await load('/url', { url });
  return {
    evaluate: channel.evaluate,
    go: (to) => (to === 'back' ? load('/back') : load('/url', { url: to })),
    show: () => driver.inWindow(handle, async () => {}),
    close: async () => {
      await driver.inWindow(handle, (send) => send('DELETE', '/window'));
      channel.close();
    },
  };
};

/** Starts WebKitGTK's own small browser, driven by WebDriver. A driver has one session, so each profile has a driver. */
export const startWebKit = async (): Promise<TestBrowser> => {
  const binary = findMiniBrowser();
  const screen = await startScreen();
  const folder = await mkdtemp(join(tmpdir(), 'renewal-webkit-'));
  const hosts = join(folder, 'hosts');
  await writeFile(hosts, HOSTS.map((host) => `127.0.0.1 ${host}\n`).join(''));
  const env = {
    DISPLAY: screen.name,
    // No bus for screen readers: there is none to start.
    NO_AT_BRIDGE: '1',
    // An automated WebKitGTK takes no proxy of the SOCKS kind and no rules for names: glibc is asked, through this.
    LD_PRELOAD: 'libnss_wrapper.so',
    NSS_WRAPPER_HOSTS: hosts,
  };
  const capabilities = { 'webkitgtk:browserOptions': { binary, args: ['--automation'] } };
  return {
    openProfile: async (): Promise<BrowserProfile> => {
      const driver = await startWebDriver('WebKitWebDriver', capabilities, env);
      const channels: PageChannel[] = [];
      return {
        open: async (url) => {
          const channel = await openPageChannel();
          channels.push(channel);
          return openTab(driver, channel, url);
        },
        close: async () => {
          await driver.close();
          for (const channel of channels) channel.close();
        },
      };
    },
    close: async () => {
      screen.end();
      await rm(folder, { recursive: true });
    },
  };
};
