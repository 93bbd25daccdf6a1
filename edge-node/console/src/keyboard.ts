/** One table of keys: what they do and what the help says of them. */

export interface KeyHelp {
  key: string;
  text: string;
}

export interface KeyAction extends KeyHelp {
  act(): void;
}

/** Listens for single keys anywhere on the page, except while text is typed or a sheet is open. */
export function listenForKeys(actions: readonly KeyAction[]): void {
  const byKey = new Map(actions.map((action) => [action.key, action]));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event)) return;
    if (document.querySelector("dialog[open]") !== null) return;
    const action = byKey.get(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (action === undefined) return;
    event.preventDefault();
    action.act();
  });
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (target instanceof HTMLInputElement) return target.type !== "checkbox";
  return target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
}
