// What a lint of ours finds, against an allowance that counts what is left from before. Counts can only shrink.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** How many findings of one rule are shown for a folder. */
const MAX_SHOWN = 20;

export interface Finding {
  readonly folder: string;
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/** How many findings each folder may have, by rule. A folder or a rule that is missing may have none. */
export type Allowance = Readonly<Record<string, Readonly<Record<string, number>>>>;

const toLine = ({ path, line, text }: Finding): string => `${path}:${line} ${text}`;

/** Findings by folder and rule. */
const grouped = (findings: readonly Finding[]): Map<string, Finding[]> => {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = `${finding.folder} ${finding.rule}`;
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return groups;
};

/** What a folder has more of than is allowed, as lines to print. */
export function excess(findings: readonly Finding[], allowance: Allowance): string[] {
  return [...grouped(findings)].flatMap(([key, group]) => {
    const [folder = '', rule = ''] = key.split(' ');
    const allowed = allowance[folder]?.[rule] ?? 0;
    if (group.length <= allowed) return [];
    const more = group.length > MAX_SHOWN ? [`  and ${group.length - MAX_SHOWN} more, shown by --list`] : [];
    const shown = group.slice(0, MAX_SHOWN).map((finding) => `  ${toLine(finding)}`);
    return [`${folder}, ${rule}: ${group.length} found, ${allowed} allowed`, ...shown, ...more];
  });
}

/** The allowance with each count lowered to what is left. */
export function shrink(findings: readonly Finding[], allowance: Allowance): Allowance {
  const groups = grouped(findings);
  const left = (folder: string, counts: Allowance[string]): Allowance[string] =>
    Object.fromEntries(
      Object.entries(counts)
        .map(([rule, count]) => [rule, Math.min(count, groups.get(`${folder} ${rule}`)?.length ?? 0)] as const)
        .filter(([, count]) => count > 0),
    );
  return Object.fromEntries(
    Object.entries(allowance)
      .map(([folder, counts]) => [folder, left(folder, counts)] as const)
      .filter(([, counts]) => Object.keys(counts).length > 0),
  );
}

/**
 * The command of a lint: fails for more findings than the allowance in `file` has. `--list` prints all findings, and
 * `--shrink` lowers the allowance to them.
 */
export function judge(findings: readonly Finding[], file: string): void {
  const { values } = parseArgs({ options: { shrink: { type: 'boolean' }, list: { type: 'boolean' } } });
  const path = join(ROOT, file);
  const allowance: Allowance = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  if (values.shrink) writeFileSync(path, `${JSON.stringify(shrink(findings, allowance), null, 2)}\n`);
  if (values.list) process.stdout.write(findings.map((finding) => `${toLine(finding)}\n`).join(''));
  const lines = excess(findings, allowance);
  if (lines.length === 0) return;
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exitCode = 1;
}
