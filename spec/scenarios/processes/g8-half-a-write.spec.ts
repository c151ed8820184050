import type { Tokens } from 'renewal';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { destroyAll, withFileClients } from '../../support/file-clients';
import { withServer } from '../../support/with-server';

const WRITES = 50;

failureMode(
  {
    id: 'G8',
    title: 'A reader sees half of a write: the new access token with the spent refresh token',
    renewal: 'All tokens are one value, which is replaced as a whole: a file by a rename.',
    threads: ['editor-code-assistant/eca#462'],
  },
  (signal) => {
    const server = withServer(signal);
    const start = withFileClients(server);

    it('reads the tokens before a write or after it', async () => {
      const { clients } = await start(2);
      const [writer, reader] = clients.map(({ store }) => store);
      const first = await writer?.load();
      if (!first || !writer || !reader) throw new Error('expected tokens');
      let isWriting = true;
      const write = async (): Promise<void> => {
        for (let revision = 2; revision <= WRITES; revision++)
          await writer.save({ ...first, accessToken: `a.${revision}`, refreshToken: `r.${revision}`, revision });
        isWriting = false;
      };
      const written = write();
      const seen: Tokens[] = [];
      while (isWriting) {
        const tokens = await reader.load();
        if (tokens) seen.push(tokens);
      }
      await written;
      const torn = seen.filter(({ accessToken, refreshToken, revision = 0 }) =>
        revision > 1
          ? accessToken !== `a.${revision}` || refreshToken !== `r.${revision}`
          : accessToken !== first.accessToken,
      );
      expect(torn).toEqual([]);
      expect(seen.length).toBeGreaterThan(WRITES / 10);
      destroyAll(clients);
    });
  },
);
