/** The sheet of keys and symbols. */
import { byId, element } from "../dom.ts";
import { affiliation, className } from "../format.ts";
import type { KeyHelp } from "../keyboard.ts";
import type { Palette } from "../palette.ts";
import { AFFILIATIONS, CLASSES } from "../protocol.ts";
import type { SymbolStyle } from "../symbol-style.ts";
import { type Look, SymbolSheet } from "../symbols.ts";

export class Help {
  readonly #dialog = byId("help", HTMLDialogElement);
  readonly #classes = byId("help-classes", HTMLDivElement);
  readonly #affiliations = byId("help-affiliations", HTMLDivElement);
  readonly #palette: () => Palette;

  readonly #style: () => SymbolStyle;

  constructor(keys: readonly KeyHelp[], palette: () => Palette, style: () => SymbolStyle) {
    this.#palette = palette;
    this.#style = style;
    const list = byId("help-keys", HTMLElement);
    for (const { key, text } of keys) {
      list.append(element("div", "", element("dt", "", element("kbd", "", key === "Escape" ? "Esc" : key)), element("dd", "", text)));
    }
    byId("help-open", HTMLButtonElement).addEventListener("click", () => this.toggle());
  }

  toggle(): void {
    if (this.#dialog.open) {
      this.#dialog.close();
      return;
    }
    this.#drawLegend();
    this.#dialog.showModal();
  }

  #drawLegend(): void {
    const state = { status: "confirmed", course_deg: 0, told: false, silent: false } as const;
    const plain: Look = { ...state, style: this.#style(), class: "unknown", affiliation: "unknown" };
    const shapes = CLASSES.map((one) => this.#sample({ ...plain, class: one }, className(one)));
    shapes.push(this.#sample({ ...plain, class: "air", told: true }, "told by a sensor"));
    shapes.push(this.#sample({ ...plain, class: "air", silent: true }, "silent"));
    const sides = AFFILIATIONS.map((one) => this.#sample({ ...plain, class: "air", affiliation: one }, affiliation(one)));
    this.#classes.replaceChildren(...shapes);
    this.#affiliations.replaceChildren(...sides);
  }

  /** A sheet of its own per sample, since a canvas can stand in one place only. */
  #sample(look: Look, text: string): HTMLElement {
    const canvas = new SymbolSheet().sprite(look, this.#palette(), window.devicePixelRatio);
    canvas.className = "sample";
    return element("span", "legend-item", canvas, text);
  }
}
