import { ResponseParseError, SchemaError } from 'renewal';
import type { Connection } from '../connector';
import type { Settings } from './options';

/** How many characters an error keeps of a text that is not JSON. */
const MAX_QUOTED = 200;

/**
 * The value of a text, parsed and validated. Rejects with `ResponseParseError`, `SchemaError`, or what the schema
 * throws.
 */
export const toValue = async (
  text: string,
  { request, response }: Connection,
  { parse, schema }: Settings,
): Promise<unknown> => {
  const errorDetails = (body: unknown) => ({ request, response: { ...response, body } });
  let value: unknown = text;
  try {
    if (parse === 'json') value = JSON.parse(text);
  } catch {
    // Copied through JSON: a slice would keep the whole text in memory.
    const quote = JSON.parse(JSON.stringify(text.slice(0, MAX_QUOTED)));
    throw new ResponseParseError('an event or line is not JSON', errorDetails(quote));
  }
  if (!schema) return value;
  const result = await schema['~standard'].validate(value);
  if (!result.issues) return result.value;
  const issues = result.issues.map(({ message, path = [] }) => ({
    message,
    path: path.map((step) => (typeof step === 'object' ? step.key : step)),
  }));
  throw new SchemaError(request, errorDetails(value).response, issues);
};
