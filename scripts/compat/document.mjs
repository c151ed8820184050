// Writes docs/compatibility.md: the results as tables, and the unsupported environments from the text beside this file.
// It contains no time and no path, so that a run on another machine writes the same text.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './tarball.mjs';

const text = new URL('./compatibility.md', import.meta.url);
const PLACE = '<!-- results -->\n';

const result = ({ passed, failed, skipped }) =>
  [`${passed} passed`, failed > 0 && `**${failed} failed**`, skipped > 0 && `${skipped} skipped`]
    .filter(Boolean)
    .join(', ');

/** A table in the format of the formatter. */
function table(rows) {
  const widths = rows[0].map((_cell, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const [head, ...body] = rows;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)].join('\n');
}

/** Writes the document for the results of a whole run. */
export async function writeDocument(results) {
  const rows = results.map((each) => [`\`${each.name}\``, each.label, each.version, each.ran, result(each)]);
  const content = table([['Target', 'What', 'Version', 'Ran', 'Result'], ...rows]);
  const template = await readFile(text, 'utf8');
  if (!template.includes(PLACE)) throw new Error('compatibility.md: expected a place for the results');
  await writeFile(
    join(root, 'docs/compatibility.md'),
    template.replace(PLACE, () => `${content}\n`),
  );
}
