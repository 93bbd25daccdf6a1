/** The menu of what the map shows. */
import { byId, element } from "../dom.ts";
import type { Signal } from "../signal.ts";
import { type Settings, type Switch, TRAIL_MINUTES, change } from "../settings.ts";

const SWITCHES: readonly (readonly [Switch, string, string])[] = [
  ["labels", "Labels", "l"],
  ["ellipses", "Uncertainty (2σ)", "e"],
  ["vectors", "Speed vectors (1 min)", "v"],
  ["bearings", "Lines of bearing", "b"],
  ["rings", "Range rings", "r"],
  ["graticule", "Graticule", "g"],
];

export class LayersMenu {
  constructor(settings: Signal<Settings>) {
    const menu = byId("layers", HTMLDetailsElement);
    const form = byId("layers-form", HTMLFormElement);
    for (const [name, text, key] of SWITCHES) form.append(switchRow(settings, name, text, key));
    form.append(trailRow(settings));
    document.addEventListener("pointerdown", (event) => {
      if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary")?.focus();
      event.stopPropagation();
    });
  }
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
