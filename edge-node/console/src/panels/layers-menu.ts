/** The menu of what the map shows. */
import { byId, element } from "../dom.ts";
import type { LocalMap } from "../maps.ts";
import type { Signal } from "../signal.ts";
import { type Settings, type Switch, TRAIL_MINUTES, change } from "../settings.ts";
import { SYMBOL_STYLES, type SymbolStyle } from "../symbol-style.ts";
import { menu } from "./menu.ts";

const SWITCHES: readonly (readonly [Switch, string, string])[] = [
  ["labels", "Labels", "l"],
  ["ellipses", "Uncertainty (2σ)", "e"],
  ["vectors", "Speed vectors (1 min)", "v"],
  ["bearings", "Lines of bearing", "b"],
  ["rings", "Sensor coverage", "r"],
  ["graticule", "Graticule", "g"],
];

export class LayersMenu {
  readonly #settings: Signal<Settings>;
  readonly #maps = element("select");

  constructor(settings: Signal<Settings>) {
    this.#settings = settings;
    menu("layers");
    const form = byId("layers-form", HTMLFormElement);
    for (const [name, text, key] of SWITCHES) form.append(switchRow(settings, name, text, key));
    form.append(trailRow(settings), symbolRow(settings), this.#mapRow());
    this.offer([]);
  }

  /** Offers the node's own maps beside what comes with the page. */
  offer(maps: readonly LocalMap[]): void {
    const own = maps.map(({ name }) => option(name, name));
    this.#maps.replaceChildren(option("world", "World outlines"), ...own, option("none", "No map"));
    this.#maps.value = this.#settings.value.map;
    if (this.#maps.selectedIndex < 0) this.#maps.value = "world";
  }

  #mapRow(): HTMLElement {
    this.#maps.addEventListener("change", () => change(this.#settings, { map: this.#maps.value }));
    return element("label", "menu-row", element("span", "", "Map"), this.#maps);
  }
}

const STYLE_NAMES: Record<SymbolStyle, string> = { app6: "APP-6 / 2525", plain: "Shapes that turn" };

function symbolRow(settings: Signal<Settings>): HTMLElement {
  const select = element("select");
  select.append(...SYMBOL_STYLES.map((style) => option(style, STYLE_NAMES[style])));
  select.addEventListener("change", () => {
    change(settings, { symbols: SYMBOL_STYLES.find((one) => one === select.value) ?? "app6" });
  });
  settings.watch((value) => {
    select.value = value.symbols;
  });
  return element("label", "menu-row", element("span", "", "Symbols"), select);
}

function option(value: string, text: string): HTMLOptionElement {
  const made = element("option", "", text);
  made.value = value;
  return made;
}

function switchRow(settings: Signal<Settings>, name: Switch, text: string, key: string): HTMLElement {
  const box = element("input");
  box.type = "checkbox";
  box.addEventListener("change", () => change(settings, { [name]: box.checked }));
  settings.watch((value) => {
    box.checked = value[name];
  });
  return element("label", "menu-row", box, element("span", "", text), element("kbd", "", key));
}

function trailRow(settings: Signal<Settings>): HTMLElement {
  const select = element("select");
  for (const minutes of TRAIL_MINUTES) {
    const option = element("option", "", minutes === 0 ? "off" : `${minutes} min`);
    option.value = String(minutes);
    select.append(option);
  }
  select.addEventListener("change", () => change(settings, { trail_min: Number(select.value) }));
  settings.watch((value) => {
    select.value = String(value.trail_min);
  });
  return element("label", "menu-row", element("span", "", "Trails"), select, element("kbd", "", "t"));
}
