/** On a narrow screen one panel at a time, or none: the tabs choose. On a wide one the style sheet shows all. */
import { byId, setAttribute } from "../dom.ts";

export const PANELS = ["selected", "tracks", "sensors", "mesh"] as const;
export type Panel = (typeof PANELS)[number];

export class Tabs {
  readonly #tabs = byId("tabs", HTMLElement);
  #open: Panel | null = "tracks";

  constructor() {
    this.#tabs.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("button") : null;
      const panel = PANELS.find((one) => one === button?.dataset.panel);
      if (panel !== undefined) this.open(panel === this.#open ? null : panel);
    });
    this.open(this.#open);
  }

  open(panel: Panel | null): void {
    this.#open = panel;
    setAttribute(document.body, "data-panel", panel ?? "none");
    for (const button of this.#tabs.querySelectorAll("button")) {
      setAttribute(button, "aria-pressed", String(button.dataset.panel === panel));
    }
  }
}
