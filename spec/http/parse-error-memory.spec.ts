import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createApi } from 'renewal';
import { of } from 'rxjs';
import { expect, it } from 'vitest';
import { jsonText } from '../../lib/http/json-text';
import { outcomeOf } from '../support/http-client';
import { ORIGIN, response } from '../support/virtual';

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

const MB = 2 ** 20;

const heapUsed = (): number => {
  gc();
  return process.memoryUsage().heapUsed;
};

it('a ResponseParseError keeps the beginning of a long text, and not the text', () => {
  const api = createApi({
    baseUrl: ORIGIN,
    // One flat string, as of a response: a slice would keep all of it.
    transport: () => of(response(200, jsonText(JSON.parse(JSON.stringify('x'.repeat(4 * MB)))))),
  });
  outcomeOf(api.get$('/warm-up'));
  const before = heapUsed();
  const errors = Array.from({ length: 8 }, () => outcomeOf(api.get$('/a')).error);
  expect(heapUsed() - before).toBeLessThan(MB);
  expect(errors).toMatchObject(Array(8).fill({ code: 'parse', response: { body: 'x'.repeat(200) } }));
});
