import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { of } from 'rxjs';
import { expect, it } from 'vitest';
import { jsonText } from '../../lib/http/json-text';
import { createRecorder, outcomeOf } from '../support/http-client';
import { response } from '../support/virtual';

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

const MB = 2 ** 20;

/** Bytes in use; a long string of bytes lies outside of the heap. */
const used = (): number => {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

it('a ResponseParseError keeps the beginning of a long text, and not the text', () => {
  const { api } = createRecorder({
    // Made of bytes, as a response is: one flat string, of which a slice would keep all.
    transport: () => of(response(200, jsonText(Buffer.alloc(4 * MB, 'x').toString('latin1')))),
  });
  outcomeOf(api.get$('/warm-up'));
  const before = used();
  const errors = Array.from({ length: 8 }, () => outcomeOf(api.get$('/a')).error);
  expect(used() - before).toBeLessThan(MB);
  expect(errors).toMatchObject(Array(8).fill({ code: 'parse', response: { body: 'x'.repeat(200) } }));
});
