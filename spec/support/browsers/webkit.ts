import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HOSTS } from '../../transports/contract/hosts';
import type { BrowserProfile, BrowserTab, TestBrowser } from './browser';
import { openPageChannel, type PageChannel } from './page-channel';
import { startGroup, startWebDriver, type WebDriver } from './webdriver';

const LIBRARIES = '/usr/lib';

/** Finds the MiniBrowser that WebKitGTK installs below the library folder of this architecture. */
const findMiniBrowser = (): string => {
  const found = readdirSync(LIBRARIES)
    .map((folder) => join(LIBRARIES, folder, 'webkit2gtk-4.1/MiniBrowser'))
    .find(existsSync);
  if (!found) throw new Error('there is no MiniBrowser of WebKitGTK here: install webkit2gtk-driver');
  return found;
};

/** Starts a virtual screen; resolves with its name. */
const startScreen = async () => {
  const screen = startGroup('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp']);
  const [number] = await Promise.race([once(Object(screen.child.stdio[3]), 'data'), screen.ended]);
  return { name: `:${`${number}`.trim()}`, end: screen.end };
};

/** Presses a key in the one browser window of a screen. */
const press = async (screen: string, key: string, times: number): Promise<void> => {
  const args = ['search', '--sync', '--onlyvisible', '--class', 'MiniBrowser', 'windowfocus', '--sync'];
  await promisify(execFile)('xdotool', [...args, 'key', '--repeat', `${times}`, key], {
    env: { ...process.env, DISPLAY: screen },
  });
};

const isShown = (): Promise<void> =>
  new Promise((resolve) => {
    if (document.visibilityState === 'visible') resolve();
    else document.addEventListener('visibilitychange', () => resolve(), { once: true });
  });

/** One browser on its own screen. WebDriver has no command that brings a tab to the front, so keys do it. */
const openProfile = async (capabilities: object, env: NodeJS.ProcessEnv): Promise<BrowserProfile> => {
  const screen = await startScreen();
  const driver = await startWebDriver('WebKitWebDriver', capabilities, { ...env, DISPLAY: screen.name });
  const channels: PageChannel[] = [];
  // The driver has opened the first window, which stays empty.
  const handles = [await driver.send<string>('GET', '/window')];
  let front = 0;

  const show = async (handle: string, channel: PageChannel): Promise<void> => {
    const steps = handles.indexOf(handle) - front;
    if (steps !== 0) await press(screen.name, steps > 0 ? 'ctrl+Page_Down' : 'ctrl+Page_Up', Math.abs(steps));
    front += steps;
    await channel.evaluate(isShown);
  };

  const open = async (url: string): Promise<BrowserTab> => {
    const channel = await openPageChannel();
    channels.push(channel);
    const { handle } = await driver.send<{ handle: string }>('POST', '/window/new', { type: 'tab' });
    handles.push(handle);
    const load = async (send: WebDriver['send'], path: string, parameters?: object): Promise<void> => {
      await send('POST', path, parameters);
      await send('POST', '/execute/sync', { script: channel.script, args: [] });
    };
    await driver.inWindow(handle, async (send) => {
      await load(send, '/url', { url });
      await show(handle, channel);
    });
    return {
      evaluate: channel.evaluate,
      go: (to) =>
        driver.inWindow(handle, (send) => (to === 'back' ? load(send, '/back') : load(send, '/url', { url: to }))),
      show: () => driver.inWindow(handle, () => show(handle, channel)),
      close: async () => {
        await driver.inWindow(handle, async (send) => {
          await send('DELETE', '/window');
          const index = handles.indexOf(handle);
          handles.splice(index, 1);
          // After a close the next tab comes to the front, or the previous one if there is no next.
          if (index < front || front === handles.length) front--;
          // The driver accepts no command for a closed window.
          await send('POST', '/window', { handle: handles[0] });
        });
        channel.close();
      },
    };
  };

  return {
    open,
    close: async () => {
      await driver.close().finally(screen.end);
      for (const channel of channels) channel.close();
    },
  };
};

/**
 * Starts WebKitGTK's MiniBrowser, driven by WebDriver. A driver has one session, so each profile has its own driver.
 */
export const startWebKit = async (): Promise<TestBrowser> => {
  const binary = findMiniBrowser();
  const folder = await mkdtemp(join(tmpdir(), 'renewal-webkit-'));
  const hosts = join(folder, 'hosts');
  await writeFile(hosts, HOSTS.map((host) => `127.0.0.1 ${host}\n`).join(''));
  const env = {
    // Prevents the start of an accessibility bus, which does not exist here.
    NO_AT_BRIDGE: '1',
    // An automated WebKitGTK accepts neither a SOCKS proxy nor resolver rules, so glibc resolves the names through this
    // wrapper.
    LD_PRELOAD: 'libnss_wrapper.so',
    NSS_WRAPPER_HOSTS: hosts,
  };
  const capabilities = { 'webkitgtk:browserOptions': { binary, args: ['--automation'] } };
  const profiles = new Set<BrowserProfile>();
  return {
    openProfile: async () => {
      const { open, close } = await openProfile(capabilities, env);
      const profile: BrowserProfile = {
        open,
        close: async () => {
          if (profiles.delete(profile)) await close();
        },
      };
      profiles.add(profile);
      return profile;
    },
    close: async () => {
      await Promise.all(Array.from(profiles, (profile) => profile.close()));
      await rm(folder, { recursive: true });
    },
  };
};
