import { fetchTransport, webStorageStore } from 'renewal';
import { defineTimelineElement } from 'renewal/devtools';
import { filter, firstValueFrom, shareReplay } from 'rxjs';
import { createShopClient } from '../client';
import { requestOrders, tally } from '../outcomes';
import { DEMO_USER, isRenewalMode, OTHER_USER, type RenewalMode } from '../protocol';
import { showCounts } from './counts-view';
import { demoState, expireTokens, setRefresh } from './demo-calls';
import { sessionHeadline$ } from './headlines';
import { showLiveOrders } from './live-view';
import { pageElement, setText } from './page-element';
import { showSession } from './session-view';
import {
  expiredTextOf,
  hintOf,
  liveTextOf,
  progressTextOf,
  REFRESH_MODE_TEXTS,
  resultTextOf,
  whyNotExpirable,
} from './texts';
import { user$ } from './user';

const TIMEOUT_MS = 60_000;
const RUN_KEY = 'renewal-shop-run';

const outcome = pageElement('outcome', HTMLElement);
const showOutcome = (text: string): void => setText(outcome, text);

// The headline shows the end of the session, as in the other tabs. Only fetch can stream.
const client = createShopClient(location.origin, () => {}, webStorageStore({ key: 'renewal-shop' }), fetchTransport());
const { api, session } = client;

defineTimelineElement();
const timeline = document.querySelector('renewal-timeline');
if (timeline) timeline.api = api;
const view = showCounts(api);
const shownUser$ = user$(api, session).pipe(shareReplay({ bufferSize: 1, refCount: true }));
showSession(session, shownUser$);
sessionHeadline$(api, session, shownUser$).subscribe(showOutcome);

const live = showLiveOrders(api, (isOpen) => showOutcome(liveTextOf(isOpen)));

async function send(requests: number): Promise<void> {
  const { refreshes } = view.counts;
  showOutcome(progressTextOf(requests));
  const outcomes = await requestOrders(api, requests, TIMEOUT_MS);
  showOutcome(resultTextOf(tally(outcomes), Math.max(0, view.counts.refreshes - refreshes)));
}

async function expireToken(): Promise<void> {
  const reason = whyNotExpirable(session.state);
  if (!reason) await expireTokens();
  showOutcome(reason ?? expiredTextOf(live.isOpen));
}

/** Runs the whole demo with one button, for a first visit. */
async function showStorm(): Promise<void> {
  // The pressed button disappears, so the focus moves to the outcome.
  outcome.focus();
  if (session.state.status === 'signed-out') await client.signIn(DEMO_USER);
  await expireToken();
  await send(50);
}

function clear(): void {
  view.clear();
  // Setting the client again starts a new picture.
  if (timeline) timeline.api = api;
  showOutcome(`Cleared. ${hintOf(session.state)}`);
}

function onClick(button: Element, action: () => void | Promise<void>): void {
  button.addEventListener('click', () => {
    runAction(action);
  });
}

/** Runs the action of a button. The only possible failure is a shop that has been stopped. */
async function runAction(action: () => void | Promise<void>): Promise<void> {
  try {
    await action();
  } catch {
    showOutcome('The shop does not respond. Is it still running?');
  }
}

for (const button of document.querySelectorAll<HTMLElement>('[data-send]')) {
  onClick(button, () => send(Number(button.dataset.send)));
}
for (const user of [DEMO_USER, OTHER_USER]) {
  for (const button of document.querySelectorAll(`[data-sign-in=${user.user}]`)) {
    onClick(button, () => client.signIn(user));
  }
}
onClick(pageElement('show', HTMLButtonElement), showStorm);
onClick(pageElement('clear', HTMLButtonElement), clear);
onClick(pageElement('expire', HTMLButtonElement), expireToken);
onClick(pageElement('sign-out', HTMLButtonElement), () => session.signOut());

const choices = [...document.querySelectorAll<HTMLInputElement>('[name=refresh]')];
let currentMode: RenewalMode = 'ok';

function showMode(refresh: RenewalMode): void {
  currentMode = refresh;
  for (const choice of choices) choice.checked = choice.value === refresh;
}

/** Shows the refresh mode of the shop, which all tabs share. */
async function chooseMode(refresh: RenewalMode): Promise<void> {
  const wasOffline = currentMode === 'offline';
  showMode(refresh);
  showOutcome(REFRESH_MODE_TEXTS[refresh]);
  if (!wasOffline || refresh === 'offline') return;
  // The event of a browser when the network is back. It ends the cool-down, also of a refresh that fails only now.
  await firstValueFrom(session.state$.pipe(filter(({ status }) => status !== 'refreshing')));
  dispatchEvent(new Event('online'));
}

const otherTabs = new BroadcastChannel('renewal-shop');

for (const choice of choices) {
  choice.addEventListener('change', () =>
    runAction(async () => {
      const { value } = choice;
      if (!isRenewalMode(value)) return;
      await setRefresh(value);
      otherTabs.postMessage(value);
      await chooseMode(value);
    }),
  );
}

otherTabs.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  if (isRenewalMode(data)) runAction(() => chooseMode(data));
});

runAction(async () => {
  const { run, refresh } = await demoState();
  showMode(refresh);
  // The first page of a run signs in: this shop does not know the tokens of an earlier run.
  if (localStorage.getItem(RUN_KEY) === run) return;
  localStorage.setItem(RUN_KEY, run);
  await client.signIn(DEMO_USER);
});
