import { webStorageStore } from 'renewal';
import { defineTimelineElement } from 'renewal/devtools';
import { filter, firstValueFrom, shareReplay } from 'rxjs';
import { createShopClient } from '../client';
import { askForOrders, tally } from '../outcomes';
import { DEMO_USER, isRenewalMode, OTHER_USER, type RenewalMode } from '../protocol';
import { showCounts } from './counts-view';
import { sessionHeadline$ } from './headlines';
import { part, show } from './part';
import { showSession } from './session-view';
import { askDemo, expireTokens, setRefresh } from './switches';
import { user$ } from './who';
import { CHOSEN, hintOf, noDeathOf, sentenceOf, sentSentenceOf } from './words';

const PATIENCE_MS = 60_000;
const RUN = 'renewal-shop-run';

const outcome = part('outcome', HTMLElement);
const say = (text: string): void => show(outcome, text);

// The headline says when the session is over, as it does for the other tabs.
const client = createShopClient(location.origin, () => {}, webStorageStore({ key: 'renewal-shop' }));
const { api, session } = client;

defineTimelineElement();
const timeline = document.querySelector('renewal-timeline');
if (timeline) timeline.api = api;
const view = showCounts(api);
const known$ = user$(api, session).pipe(shareReplay({ bufferSize: 1, refCount: true }));
showSession(session, known$);
sessionHeadline$(api, session, known$).subscribe(say);

async function send(requests: number): Promise<void> {
  const { refreshes } = view.counts;
  say(sentSentenceOf(requests));
  const outcomes = await askForOrders(api, requests, PATIENCE_MS);
  say(sentenceOf(tally(outcomes), Math.max(0, view.counts.refreshes - refreshes)));
}

async function letTokenDie(): Promise<void> {
  const reason = noDeathOf(session.state);
  if (!reason) await expireTokens();
  say(reason ?? 'The token is dead. The page does not know yet: send some requests.');
}

/** All of it at once, for those who see the page for the first time. */
async function showStorm(): Promise<void> {
  // The button that was pressed is about to vanish.
  outcome.focus();
  if (session.state.status === 'signed-out') await client.signIn(DEMO_USER);
  await letTokenDie();
  await send(50);
}

function clear(): void {
  view.clear();
  // A client that is set begins a new picture.
  if (timeline) timeline.api = api;
  say(`Cleared. ${hintOf(session.state)}`);
}

function onClick(button: Element, act: () => void | Promise<void>): void {
  button.addEventListener('click', () => {
    attempt(act);
  });
}

/** Does what a button says. All that can go wrong is a shop that has been stopped. */
async function attempt(act: () => void | Promise<void>): Promise<void> {
  try {
    await act();
  } catch {
    say('The shop does not answer. Is it still running?');
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
onClick(part('show', HTMLButtonElement), showStorm);
onClick(part('clear', HTMLButtonElement), clear);
onClick(part('expire', HTMLButtonElement), letTokenDie);
onClick(part('sign-out', HTMLButtonElement), () => session.signOut());

const choices = [...document.querySelectorAll<HTMLInputElement>('[name=refresh]')];
let chosen: RenewalMode = 'ok';

function showChosen(refresh: RenewalMode): void {
  chosen = refresh;
  for (const choice of choices) choice.checked = choice.value === refresh;
}

/** The same in all tabs, as it is the shop that changes. */
async function choose(refresh: RenewalMode): Promise<void> {
  const wasOffline = chosen === 'offline';
  showChosen(refresh);
  say(CHOSEN[refresh]);
  if (!wasOffline || refresh === 'offline') return;
  // What a browser tells a page once the network is back: it ends the cool-down, also of a refresh that fails only now.
  await firstValueFrom(session.state$.pipe(filter(({ status }) => status !== 'refreshing')));
  dispatchEvent(new Event('online'));
}

const otherTabs = new BroadcastChannel('renewal-shop');

for (const choice of choices) {
  choice.addEventListener('change', () =>
    attempt(async () => {
      const { value } = choice;
      if (!isRenewalMode(value)) return;
      await setRefresh(value);
      otherTabs.postMessage(value);
      await choose(value);
    }),
  );
}

otherTabs.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  if (isRenewalMode(data)) attempt(() => choose(data));
});

attempt(async () => {
  const { run, refresh } = await askDemo();
  showChosen(refresh);
  // The first page of a run signs in; what an earlier shop has handed out, this one does not know.
  if (localStorage.getItem(RUN) === run) return;
  localStorage.setItem(RUN, run);
  await client.signIn(DEMO_USER);
});
