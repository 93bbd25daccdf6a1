/** The menu of filters, and the strip over the map that says how much they hide. */
import { byId, element, setAttribute, setHidden, setText } from "../dom.ts";
import { type Filters, type Interval, NO_FILTERS, activeCount, number, toggled } from "../filters.ts";
import * as format from "../format.ts";
import { AFFILIATIONS, CLASSES } from "../protocol.ts";
import type { Signal } from "../signal.ts";
import { menu } from "./menu.ts";

/** Ages an operator can choose, in seconds. */
const AGES_S = [5, 15, 30, 60, 300] as const;

export class FilterMenu {
  readonly #filters: Signal<Filters>;
  readonly #menu = menu("filters");
  readonly #count = byId("filters-count", HTMLSpanElement);
  readonly #strip = byId("filter-strip", HTMLDivElement);
  readonly #text = byId("filter-text", HTMLSpanElement);
  readonly #sensor = element("select");
  readonly #label = element("select");

  constructor(filters: Signal<Filters>) {
    this.#filters = filters;
    const form = byId("filters-form", HTMLFormElement);
    form.addEventListener("submit", (event) => event.preventDefault());
    const sides = AFFILIATIONS.map((one) => {
      const isOn = (now: Filters): boolean => now.affiliations.includes(one);
      const swatch = element("i", `swatch ${one} confirmed`);
      return this.#chip(swatch, format.affiliation(one), isOn, (now) => ({ affiliations: toggled(now.affiliations, one) }));
    });
    const kinds = CLASSES.map((one) => {
      const isOn = (now: Filters): boolean => now.classes.includes(one);
      return this.#chip(null, format.className(one), isOn, (now) => ({ classes: toggled(now.classes, one) }));
    });
    form.append(
      group("Affiliation: show only", ...sides),
      group("Class: show only", ...kinds),
      this.#choice("Sensor", this.#sensor, (now) => now.sensor, (sensor) => ({ sensor })),
      this.#choice("Label", this.#label, (now) => now.label, (label) => ({ label })),
      this.#ages(),
      this.#interval("Height, m", "height_m"),
      this.#interval("Speed, m/s", "speed_m_s"),
      element("p", "hint", "A track whose height or speed is not known is never hidden by these."),
      this.#clearButton(),
    );
    byId("filter-clear", HTMLButtonElement).addEventListener("click", () => this.clear());
    filters.watch((now) => this.#showCount(activeCount(now)));
  }

  toggle(): void {
    this.#menu.open = !this.#menu.open;
    if (this.#menu.open) this.#menu.querySelector("button")?.focus();
  }

  clear(): void {
    this.#filters.set(NO_FILTERS);
  }

  /** Offers the sensors and labels that the picture has; what is chosen stays on offer. */
  offer(sensors: Iterable<string>, labels: Iterable<string>): void {
    const { sensor, label } = this.#filters.value;
    options(this.#sensor, sensors, sensor, "any");
    options(this.#label, labels, label, "any");
  }

  /** Says over the map how many tracks are hidden, for as long as a filter is on. */
  showHidden(hidden: number, all: number, searched: boolean): void {
    const active = activeCount(this.#filters.value);
    setHidden(this.#strip, active === 0);
    const list = searched ? " · list searched too" : "";
    setText(this.#text, `FILTERED · ${format.grouped(hidden)} of ${format.grouped(all)} tracks hidden${list}`);
  }

  #showCount(active: number): void {
    setHidden(this.#count, active === 0);
    setText(this.#count, String(active));
    byId("filters", HTMLDetailsElement).classList.toggle("on", active > 0);
  }

  #change(part: Partial<Filters>): void {
    this.#filters.set({ ...this.#filters.value, ...part });
  }

  #chip(
    sign: HTMLElement | null,
    text: string,
    isOn: (now: Filters) => boolean,
    changed: (now: Filters) => Partial<Filters>,
  ): HTMLElement {
    const chip = element("button", "chip", ...(sign === null ? [] : [sign]), text);
    chip.type = "button";
    chip.addEventListener("click", () => this.#change(changed(this.#filters.value)));
    this.#filters.watch((now) => setAttribute(chip, "aria-pressed", String(isOn(now))));
    return chip;
  }

  #choice(
    title: string,
    select: HTMLSelectElement,
    value: (now: Filters) => string,
    changed: (value: string) => Partial<Filters>,
  ): HTMLElement {
    select.addEventListener("change", () => this.#change(changed(select.value)));
    this.#filters.watch((now) => {
      options(select, [...select.options].map((one) => one.value).filter((one) => one !== ""), value(now), "any");
    });
    return element("label", "menu-row", element("span", "", title), select);
  }

  #ages(): HTMLElement {
    const select = element("select");
    select.append(option("", "any"), ...AGES_S.map((age_s) => option(String(age_s), `up to ${format.age(age_s)}`)));
    select.addEventListener("change", () => this.#change({ age_s_max: number(select.value) }));
    this.#filters.watch(({ age_s_max }) => {
      const wanted = age_s_max === null ? "" : String(age_s_max);
      const known = [...select.options].some(({ value }) => value === wanted);
      if (!known) select.append(option(wanted, `up to ${format.age(age_s_max)}`));
      select.value = wanted;
    });
    return element("label", "menu-row", element("span", "", "Age"), select);
  }

  #interval(title: string, name: "height_m" | "speed_m_s"): HTMLElement {
    const ends = (["min", "max"] as const).map((end) => {
      const input = element("input");
      input.type = "number";
      input.inputMode = "numeric";
      input.placeholder = end === "min" ? "from" : "to";
      input.setAttribute("aria-label", `${title}, ${input.placeholder}`);
      input.addEventListener("input", () => {
        const interval: Interval = { ...this.#filters.value[name], [end]: number(input.value) };
        this.#change({ [name]: interval });
      });
      this.#filters.watch((now) => {
        if (document.activeElement !== input) input.value = now[name][end] === null ? "" : String(now[name][end]);
      });
      return input;
    });
    return element("div", "menu-row", element("span", "", title), ...ends);
  }

  #clearButton(): HTMLElement {
    const clear = element("button", "button", "Take all filters off");
    clear.type = "button";
    clear.addEventListener("click", () => this.clear());
    return clear;
  }
}

function group(title: string, ...chips: HTMLElement[]): HTMLElement {
  return element("fieldset", "chips", element("legend", "", title), ...chips);
}

function option(value: string, text: string): HTMLOptionElement {
  const made = element("option", "", text);
  made.value = value;
  return made;
}

/** Fills a list anew only when it differs, so that an open one stays open. */
function options(select: HTMLSelectElement, values: Iterable<string>, chosen: string, any: string): void {
  const wanted = [...new Set(chosen === "" ? values : [...values, chosen])].filter((one) => one !== "").sort();
  const present = [...select.options].slice(1).map(({ value }) => value);
  if (select.options.length === 0 || wanted.join("\n") !== present.join("\n")) {
    select.replaceChildren(option("", any), ...wanted.map((one) => option(one, one)));
  }
  if (select.value !== chosen) select.value = chosen;
}
