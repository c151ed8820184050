// The overhead of this library over rxjs/ajax: `api.get$` with a session against `ajax` over xhr2.
// Both use one keep-alive agent and one server, which runs in its own process.
// Exits 1 if a request takes more than 1.05 times as long.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ajaxTransport, createApi, createSession, memoryStore } from 'renewal';
import { from, lastValueFrom, mergeMap, type Observable, range } from 'rxjs';
import { ajax } from 'rxjs/ajax';
import Xhr2 from 'xhr2';

const MAX_RATIO = 1.05;
const ROUNDS = 100;
const PER_ROUND = 500;
const WARM_UP_ROUNDS = 10;
const CONCURRENCY = [1, 50];
const BODY = JSON.stringify({ id: 7, name: 'a small response', tags: ['a', 'b'] });

/** The server process: sends its port to the parent process, and exits with it. */
const serve = (): void => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': BODY.length }).end(BODY);
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port)); // it listens on a port
  process.on('disconnect', () => process.exit());
};

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[values.length >> 1] ?? 0;

/** The mean duration of a request in microseconds: `PER_ROUND` requests, `concurrency` of them at a time. */
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
    return xhr as unknown as XMLHttpRequest; // it implements the part of the interface that rxjs/ajax uses
  };
  const session = createSession({ refresh: () => from([]), store: memoryStore({ accessToken: 'token' }) });
  const api = createApi({ baseUrl: origin, session, transport });
  const ajax$ = () => ajax({ url, headers, crossDomain: true, createXHR });
  const client$ = () => api.get$('/orders');

  let isGood = true;
  for (const concurrency of CONCURRENCY) {
    const rounds: { ajaxUs: number; clientUs: number }[] = [];
    for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      // The two alternate, so that both run under the same load, and each goes first in every second round.
      const first = round % 2 ? await measure(ajax$, concurrency) : await measure(client$, concurrency);
      const second = round % 2 ? await measure(client$, concurrency) : await measure(ajax$, concurrency);
      if (round >= 0)
        rounds.push(round % 2 ? { ajaxUs: first, clientUs: second } : { ajaxUs: second, clientUs: first });
    }
    const ajaxUs = median(rounds.map((round) => round.ajaxUs));
    const clientUs = median(rounds.map((round) => round.clientUs));
    const ratio = median(rounds.map((round) => round.clientUs / round.ajaxUs));
    isGood &&= ratio <= MAX_RATIO;
    console.log(
      `${concurrency} at a time: api.get$ ${clientUs.toFixed(1)} µs, rxjs/ajax over xhr2 ${ajaxUs.toFixed(1)} µs: ` +
        `ratio ${ratio.toFixed(3)} (median of ${ROUNDS} rounds)`,
    );
  }
  server.disconnect();
  agent.destroy();
  process.exitCode = isGood ? 0 : 1;
};

if (process.argv[2] === 'serve') serve();
else await run();
