/** The part of the page with this id, which has to be there. */
export function pageElement<Part extends Element>(id: string, kind: new () => Part): Part {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} '${id}'`);
}

/** Shows a text, and leaves the page alone where it shows that already: what is read aloud is not read twice. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
