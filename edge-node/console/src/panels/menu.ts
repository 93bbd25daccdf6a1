/** What the menus of the bar have in common: they close when somebody clicks elsewhere, and with Escape. */
import { byId } from "../dom.ts";

export function menu(id: string): HTMLDetailsElement {
  const details = byId(id, HTMLDetailsElement);
  document.addEventListener("pointerdown", (event) => {
    if (event.target instanceof Node && !details.contains(event.target)) details.open = false;
  });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary")?.focus();
    event.stopPropagation();
  });
  return details;
}
