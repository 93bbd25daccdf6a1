/** The sensors of this node: are they there, how fast, how old. */
import { byId, element, setClass, setText } from "../dom.ts";
import * as format from "../format.ts";
import type { Position, SensorState } from "../protocol.ts";
import type { SensorEntry } from "../track-store.ts";

const HEADS = ["Sensor", "State", "Rate", "Age", "Errors"] as const;

/** The state never stands as colour alone. */
const STATES: Record<SensorState, string> = {
  ok: "● ok",
  degraded: "◐ degraded",
  stale: "▲ stale",
  down: "✕ down",
};

export class SensorList {
  readonly #body = element("tbody");
  readonly #rows: HTMLTableRowElement[] = [];
  readonly #centred: (at: Position) => void;
  readonly #sum = byId("sensors-sum", HTMLSpanElement);
  #entries: readonly SensorEntry[] = [];

  constructor(host: HTMLElement, centred: (at: Position) => void) {
    this.#centred = centred;
    const heads = HEADS.map((text) => {
      const head = element("th", "", text);
      head.scope = "col";
      return head;
    });
    host.append(element("table", "grid", element("thead", "", element("tr", "", ...heads)), this.#body));
  }

  /** Shows the sensors; `since_s` is how long ago, in picture time, the node told their state. */
  show(entries: readonly SensorEntry[], since_s: number): void {
    this.#entries = entries;
    this.#summarise();
    while (this.#rows.length < entries.length) this.#addRow();
    while (this.#rows.length > entries.length) this.#rows.pop()?.remove();
    this.#rows.forEach((row, index) => {
      const entry = entries[index];
      if (entry !== undefined) fill(row, entry, since_s);
    });
  }

  /** One line that is read at a glance, with the table folded too. */
  #summarise(): void {
    const count = (state: SensorState): number => this.#entries.filter(({ status }) => status?.state === state).length;
    const [down, late] = [count("down"), count("stale") + count("degraded")];
    const parts = [`${count("ok")} ok`, ...(late > 0 ? [`${late} late`] : []), ...(down > 0 ? [`${down} DOWN`] : [])];
    const told = this.#entries.some(({ status }) => status !== null);
    setText(this.#sum, this.#entries.length === 0 ? "none" : told ? parts.join(" · ") : "not told yet");
    setClass(this.#sum, `sum ${!told ? "" : down > 0 ? "down" : late > 0 ? "stale" : "ok"}`.trim());
  }

  #addRow(): void {
    const index = this.#rows.length;
    const name = element("button", "plain");
    name.type = "button";
    name.addEventListener("click", () => {
      const at = this.#entries[index]?.sensor;
      if (at !== null && at !== undefined) this.#centred(at);
    });
    const cells = [element("td", "", name), ...HEADS.slice(1).map(() => element("td"))];
    const row = element("tr", "", ...cells);
    this.#rows.push(row);
    this.#body.append(row);
  }
}

function fill(row: HTMLTableRowElement, { name, sensor, status }: SensorEntry, since_s: number): void {
  const button = row.cells[0]?.firstElementChild;
  if (button instanceof HTMLButtonElement) {
    setText(button, name);
    button.title = sensor === null ? name : `${name} (${sensor.kind}): show on the map`;
  }
  const state = row.cells[1];
  if (state !== undefined) {
    setText(state, status === null ? format.UNKNOWN : STATES[status.state]);
    setClass(state, `state ${status?.state ?? ""}`.trim());
  }
  const age_s = status?.age_s ?? null;
  const texts = [
    format.rate(status?.rate_hz ?? null),
    age_s === null ? format.UNKNOWN : format.age(age_s + since_s),
    status === null ? format.UNKNOWN : format.grouped(status.errors),
  ];
  texts.forEach((text, index) => {
    const cell = row.cells[index + 2];
    if (cell !== undefined) setText(cell, text);
  });
}
