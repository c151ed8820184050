import { ajaxTransport, fetchTransport } from 'renewal';
import type { Capabilities, Origins } from './context';
import { contract } from './statements';

/** One statement, and where and of what it is to hold. */
export interface Order {
  readonly transport: 'ajaxTransport' | 'fetchTransport';
  readonly part: string;
  readonly title: string;
  readonly can: Capabilities;
  readonly origins: Origins;
}

declare global {
  /** Runs one statement in this page; resolves with why it does not hold. */
  var check: (order: Order) => Promise<string | undefined>;
}

const transports = { ajaxTransport: ajaxTransport(), fetchTransport: fetchTransport() };

globalThis.check = async ({ transport, part, title, can, origins }) => {
  const [, statements = []] = contract.find(([name]) => name === part) ?? [];
  const statement = statements.find((each) => each.title === title);
  if (!statement) return 'there is no such statement in the page';
  try {
    await statement.run({ transport: transports[transport], can, origins });
    return undefined;
  } catch (error) {
    // Only V8 puts the message into the stack.
    return `${error}\n${Object(error).stack}`;
  }
};
