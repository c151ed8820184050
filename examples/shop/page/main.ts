import { webStorageStore } from 'renewal';
import { defineTimelineElement } from 'renewal/devtools';
import { createShopClient } from '../client';
import { askForOrders, tally } from '../outcomes';
import { type Credentials, DEMO_USER, isRenewalMode, OTHER_USER } from '../protocol';
import { showCounts } from './counts-view';
import { part, show } from './part';
import { properName, showSession } from './session-view';
import { askDemo, expireTokens, setRefresh } from './switches';
import { CHOSEN, sentenceOf } from './words';

const PATIENCE_MS = 60_000;
const RUN = 'renewal-shop-run';

const outcome = part('outcome', HTMLElement);
const say = (text: string): void => show(outcome, text);

const client = createShopClient(
  location.origin,
  () => say('The shop has refused the refresh: the session is over.'),
  webStorageStore({ key: 'renewal-shop' }),
);

defineTimelineElement();
const timeline = document.querySelector('renewal-timeline');
if (timeline) timeline.api = client.api;
const view = showCounts(client.api);
showSession(client);

async function send(requests: number): Promise<void> {
  const { refreshes } = view.counts;
  const outcomes = await askForOrders(client.api, requests, PATIENCE_MS);
  say(sentenceOf(tally(outcomes), Math.max(0, view.counts.refreshes - refreshes)));
}

async function signIn(credentials: Credentials): Promise<void> {
  await client.signIn(credentials);
  say(`${properName(credentials.user)} is signed in, in all tabs.`);
}

function clear(): void {
  view.clear();
  // A client that is set begins a new picture.
  if (timeline) timeline.api = client.api;
  say('Cleared. Let the token die, then send 50.');
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
  for (const button of document.querySelectorAll(`[data-sign-in=${user.user}]`)) onClick(button, () => signIn(user));
}
onClick(part('clear', HTMLButtonElement), clear);
onClick(part('expire', HTMLButtonElement), async () => {
  await expireTokens();
  say('The token is dead. The page does not know yet: send some requests.');
});
onClick(part('sign-out', HTMLButtonElement), async () => {
  await client.session.signOut();
  say('Signed out, in all tabs.');
});

const choices = [...document.querySelectorAll<HTMLInputElement>('[name=refresh]')];
let chosen = 'ok';

function showChosen(refresh: string): void {
  chosen = refresh;
  for (const choice of choices) choice.checked = choice.value === refresh;
}

for (const choice of choices) {
  choice.addEventListener('change', () =>
    attempt(async () => {
      const { value } = choice;
      if (!isRenewalMode(value)) return;
      await setRefresh(value);
      // What a browser tells a page once the network is back.
      if (chosen === 'offline') dispatchEvent(new Event('online'));
      chosen = value;
      say(CHOSEN[value]);
    }),
  );
}

/** Another tab may have chosen meanwhile. */
const catchUp = () => attempt(async () => showChosen((await askDemo()).refresh));
document.addEventListener('visibilitychange', catchUp);

attempt(async () => {
  const { run, refresh } = await askDemo();
  showChosen(refresh);
  // The first page of a run signs in; what an earlier shop has handed out, this one does not know.
  if (localStorage.getItem(RUN) === run) return;
  localStorage.setItem(RUN, run);
  await client.signIn(DEMO_USER);
});
