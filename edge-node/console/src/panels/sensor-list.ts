/** The sensors of this node: are they there, how fast, how old. */
import { element, setClass, setText } from "../dom.ts";
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
    while (this.#rows.length < entries.length) this.#addRow();
    while (this.#rows.length > entries.length) this.#rows.pop()?.remove();
    this.#rows.forEach((row, index) => {
      const entry = entries[index];
      if (entry !== undefined) fill(row, entry, since_s);
    });
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
