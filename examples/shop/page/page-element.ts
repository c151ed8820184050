/** The element of the page with this id. Throws if there is none. */
export function pageElement<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`${id}: expected an ${kind.name} with this id`);
}

/** Sets a text if it has changed, so that a screen reader does not read it twice. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
