// What this library costs over bare rxjs/ajax: `api.get$` with a session against `ajax` over xhr2, both over the same agent, which keeps connections alive,
// on one server in a process of its own. Exits 1 where a request takes more than 1.05 times as long.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ajaxTransport, createApi, createSession, memoryStore } from 'renewal';
import { from, lastValueFrom, mergeMap, type Observable, range } from 'rxjs';
import { ajax } from 'rxjs/ajax';
import Xhr2 from 'xhr2';

const MOST_RATIO = 1.05;
const ROUNDS = 100;
const PER_ROUND = 500;
const WARM_UP_ROUNDS = 10;
const CONCURRENCY = [1, 50];
const BODY = JSON.stringify({ id: 7, name: 'a small answer', tags: ['a', 'b'] });

/** The server's process: tells its port, and ends with its parent. */
const serve = (): void => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': BODY.length }).end(BODY);
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port)); // it listens on a port
  process.on('disconnect', () => process.exit());
};

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[values.length >> 1] ?? 0;

/** Microseconds that one of `PER_ROUND` requests takes, `concurrency` of them at a time. */
const measure = async (request$: () => Observable<unknown>, concurrency: number): Promise<number> => {
  const startedAt = performance.now();
  await lastValueFrom(range(0, PER_ROUND).pipe(mergeMap(request$, concurrency)));
  return ((performance.now() - startedAt) * 1_000) / PER_ROUND;
};

const run = async (): Promise<void> => {
  const server = fork(fileURLToPath(import.meta.url), ['serve'], { execArgv: process.execArgv });
  const [port] = await once(server, 'message');
  const origin = `http://127.0.0.1:${port}`;
  const url = `${origin}/orders`;
  const headers = { authorization: 'Bearer token' };
  const agent = new Agent({ keepAlive: true });
  const transport = ajaxTransport({ agents: { http: agent } });
  const createXHR = (): XMLHttpRequest => {
    const xhr = new Xhr2();
    xhr.nodejsHttpAgent = agent;
    return xhr as unknown as XMLHttpRequest; // of the whole interface it has what rxjs/ajax uses
  };
  const session = createSession({ refresh: () => from([]), store: memoryStore({ accessToken: 'token' }) });
  const api = createApi({ baseUrl: origin, session, transport });
  const bare$ = () => ajax({ url, headers, crossDomain: true, createXHR });
  const ours$ = () => api.get$('/orders');

  let isGood = true;
  for (const concurrency of CONCURRENCY) {
    const rounds: { bare: number; ours: number }[] = [];
    for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      // In turn, so that both have had the same neighbours, and each goes first as often as the other.
      const first = round % 2 ? await measure(bare$, concurrency) : await measure(ours$, concurrency);
      const second = round % 2 ? await measure(ours$, concurrency) : await measure(bare$, concurrency);
      if (round >= 0) rounds.push(round % 2 ? { bare: first, ours: second } : { bare: second, ours: first });
    }
    const bare = median(rounds.map((round) => round.bare));
    const ours = median(rounds.map((round) => round.ours));
    const ratio = median(rounds.map((round) => round.ours / round.bare));
    isGood &&= ratio <= MOST_RATIO;
    console.log(
      `${concurrency} at a time: api.get$ ${ours.toFixed(1)} µs, rxjs/ajax over xhr2 ${bare.toFixed(1)} µs: ratio ${ratio.toFixed(3)} (median of ${ROUNDS} rounds)`,
    );
  }
  server.disconnect();
  agent.destroy();
  process.exitCode = isGood ? 0 : 1;
};

if (process.argv[2] === 'serve') serve();
else await run();
