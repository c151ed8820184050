import { spawn } from 'node:child_process';

/** The time after which a hanging command is killed. */
const TIMEOUT_MS = 30 * 60_000;

const running = new Set();

/** Kills all running commands. */
export function killAll() {
  for (const child of running) child.kill('SIGKILL');
}

// colours would split the words that are searched for
const { FORCE_COLOR: _, ...inherited } = process.env;

/**
 * Runs a command to its end. Resolves with its exit code and output, also if it failed. `onLine` receives each line of
 * the standard output as it arrives.
 */
export function run(command, args, { cwd, env = {}, onLine = () => {}, timeoutMs = TIMEOUT_MS } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...inherited, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    running.add(child);
    let stdout = '';
    let stderr = '';
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout += chunk;
      const lines = (rest + chunk).split('\n');
      rest = lines.pop();
      for (const line of lines) onLine(line);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      running.delete(child);
      if (rest !== '') onLine(rest);
      resolve({ code: code ?? `signal ${signal}`, stdout, stderr });
    });
  });
}

/** Runs a command that has to succeed, and resolves with its output. */
export async function output(command, args, options) {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${stdout}${stderr}`);
  return stdout;
}
