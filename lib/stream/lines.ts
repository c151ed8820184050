/** How many characters a line may have, and the data of an event. More would let a server fill the memory. */
export const MAX_CHARACTERS = 16 * 1024 * 1024;

/**
 * Splits UTF-8 that arrives in parts into lines, without their ends. Without bytes, also the line that has no end.
 *
 * @param ends - What ends a line, as a global expression. A lone CR at the end of a part may be half of CR LF.
 * @param toError - Makes the error for a line that is too long.
 */
export const createLines = (ends: RegExp, toError: () => Error): ((bytes?: Uint8Array) => Generator<string>) => {
  // The BOM is removed here: Node 24 removes a second one too, if the first one is a chunk of its own.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let isAtStart = true;
  let pending = '';
  let isAfterCr = false;
  const add = (text: string): string => {
    pending += text;
    if (pending.length > MAX_CHARACTERS) throw toError();
    return pending;
  };

  return function* (bytes) {
    let text = decoder.decode(bytes, { stream: !!bytes });
    if (isAtStart && text) {
      isAtStart = false;
      text = text.replace(/^\ufeff/, '');
    }
    // The other half of a CR LF, whose CR has ended the line before.
    let start = isAfterCr && text[0] === '\n' ? 1 : 0;
    isAfterCr &&= !text;
    for (const { 0: end, index } of text.matchAll(ends)) {
      if (index < start) continue;
      const line = add(text.slice(start, index));
      pending = '';
      start = index + end.length;
      isAfterCr = end === '\r' && start === text.length;
      yield line;
    }
    add(text.slice(start));
    if (!bytes) yield pending;
  };
};
