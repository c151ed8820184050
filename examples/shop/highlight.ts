const PARTS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['comment', /\/\/.*/],
  ['string', /'[^']*'/],
  ['ours', /\b(?:createApi|createSession|envelope|refresh|store|onSessionExpired|extend)\b/],
  ['keyword', /\b(?:export|function|const|return|async|await)\b/],
];

const ANY = new RegExp(PARTS.map(([name, { source }]) => `(?<${name}>${source})`).join('|'), 'g');

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Converts code to HTML with a class for each highlighted word. Lines break at brackets and dots, not in words. */
export function highlight(code: string): string {
  let end = 0;
  let html = '';
  for (const { 0: found, index, groups = {} } of code.matchAll(ANY)) {
    const name = PARTS.find(([each]) => groups[each] !== undefined)?.[0];
    html += `${breakable(code.slice(end, index))}<span class="${name}">${escapeHtml(found)}</span>`;
    end = index + found.length;
  }
  return html + breakable(code.slice(end));
}

function breakable(code: string): string {
  return escapeHtml(code)
    .replace(/\((?!\))/g, '(<wbr>')
    .replace(/\.(?=\w|$)/g, '<wbr>.');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
