import { runCommand } from './shop-command';

const { code, stdout = '', stderr = '' } = await runCommand(process.argv.slice(2), process.env);
process.stdout.write(stdout);
process.stderr.write(stderr);
// Nothing of the session keeps the process alive, so it ends here by itself.
process.exitCode = code;
