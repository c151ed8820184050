import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

let child: ChildProcess | undefined;

// After a passed test there is no process to kill.
afterEach(() => {
  try {
    if (child?.pid) process.kill(-child.pid, 'SIGKILL');
  } catch {}
});

/** Runs `npm start` with its page, and resolves once it has printed the address. */
const start = async (...flags: string[]) => {
  const started = spawn('npm', ['start', '--silent', '--', '--requests=1', ...flags], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  child = started;
  const output = { stdout: '', stderr: '' };
  const ended = once(started, 'close').then(([code]) => code);
  started.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const address = new Promise<string>((resolve) => {
    started.stdout.on('data', (chunk) => {
      output.stdout += chunk;
      const [, found] = /(http:\S+)\/\n.*Ctrl-C/.exec(output.stdout) ?? [];
      if (found) resolve(found);
    });
  });
  const url = await Promise.race([address, ended.then(() => undefined)]);
  return { process: started, url, ended, output };
};

// A missing build of the library takes time.
describe('npm start with a page', { timeout: 240_000 }, () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'serves it after the storm on 127.0.0.1 until %s, and closes everything',
    async (signal) => {
      const { process: started, url = '', ended, output } = await start('--page');
      expect(output.stdout).toContain('All expectations hold.');
      expect(new URL(url).hostname).toBe('127.0.0.1');
      const page = await (await fetch(url)).text();
      expect(page).toContain('<h1>');
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      await once(socket, 'connect');

      started.kill(signal);
      await once(
        socket.resume().on('error', () => {}),
        'close',
      );
      expect([await ended, output.stderr]).toEqual([0, '']);
      await expect(fetch(url)).rejects.toThrow();
    },
  );

  it('uses the given port, or prints why it cannot', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { ended, output } = await start('--page', '--port', `${port}`);
    expect(await ended).toBe(2);
    expect(output.stderr).toContain(`--port ${port} cannot be used: EADDRINUSE`);

    other.close();
    await once(other, 'close');
    const { url, process: started, ended: over } = await start('--page', '--port', `${port}`);
    expect(url).toBe(`http://127.0.0.1:${port}`);
    started.kill('SIGINT');
    expect(await over).toBe(0);
  });
});
