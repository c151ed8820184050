import { createApi, createSession, memoryStore } from 'renewal';
import { firstValueFrom, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ORIGIN, response } from '../support/virtual';

const JSON_TYPE = { 'content-type': 'application/problem+json' };

/** A download whose first answer is `body`, and whose second is the text `done`. */
const download = async (body: unknown): Promise<{ value: unknown; refreshes: number }> => {
  let refreshes = 0;
  let answers = 0;
  const session = createSession({
    store: memoryStore({ accessToken: 'T1' }),
    refresh: () => of({ accessToken: `T${++refreshes + 1}` }),
  });
  const transport = () => of(response(200, answers++ ? 'done' : body, JSON_TYPE));
  const api = createApi({ baseUrl: ORIGIN, session, transport });
  return { value: await firstValueFrom(api.get$('/file', { responseType: 'blob' })), refreshes };
};

describe('a download as a Blob', () => {
  it('is looked into for JSON that says expired', async () => {
    expect(await download(new Blob(['{"code":1002}']))).toEqual({ value: 'done', refreshes: 1 });
  });

  it.each([
    ['JSON of another kind', new Blob(['{"code":0}'])],
    ['what is no JSON', new Blob(['{"code":1002'])],
    ['more than 64 kB', new Blob([`{"code":1002,"pad":"${'x'.repeat(70_000)}"}`])],
  ])('is handed out as it is when it holds %s', async (_, blob) => {
    expect(await download(blob)).toEqual({ value: blob, refreshes: 0 });
  });
});
