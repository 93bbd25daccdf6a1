/** The neighbours in the mesh: are they there, when were they heard, what waits for them. */
import { byId, element, setClass, setHidden, setText } from "../dom.ts";
import * as format from "../format.ts";
import { type Neighbour, type NeighbourState, remarks, summarise } from "../node-status.ts";

const HEADS = ["Peer", "State", "Heard", "Queued", "Clock"] as const;

/** What the heads mean, where a word is not enough. */
const TITLES: Partial<Record<(typeof HEADS)[number], string>> = {
  Heard: "Lag: how long ago anything was heard of it",
  Queued: "What waits to be sent to it",
  Clock: "How far its clock is ahead of ours",
};

/** The state never stands as colour alone. */
const STATES: Record<NeighbourState, readonly [string, string]> = {
  ready: ["● up", "ok"],
  greeting: ["▲ joining", "stale"],
  down: ["✕ down", "down"],
};

interface Row {
  row: HTMLTableRowElement;
  beneath: HTMLTableRowElement;
  warning: HTMLElement;
  trouble: HTMLElement;
}

export class PeerList {
  readonly #sum = byId("mesh-sum", HTMLSpanElement);
  readonly #none = element("p", "hint");
  readonly #table: HTMLTableElement;
  readonly #body = element("tbody");
  readonly #rows: Row[] = [];

  constructor(host: HTMLElement) {
    const heads = HEADS.map((text) => {
      const head = element("th", "", text);
      head.scope = "col";
      head.title = TITLES[text] ?? "";
      return head;
    });
    this.#table = element("table", "grid", element("thead", "", element("tr", "", ...heads)), this.#body);
    host.append(this.#none, this.#table);
  }

  /** Shows the neighbours; `null` when the node does not tell of any, and `why` then says so. */
  show(neighbours: readonly Neighbour[] | null, why: string): void {
    const none = neighbours === null || neighbours.length === 0;
    this.#table.hidden = none;
    this.#none.hidden = !none;
    setText(this.#none, neighbours === null ? why : "No neighbours are configured: this node is alone by design.");
    this.#summarise(neighbours ?? []);
    const count = neighbours?.length ?? 0;
    while (this.#rows.length < count) this.#addRow();
    while (this.#rows.length > count) this.#dropRow();
    neighbours?.forEach((one, index) => fill(this.#rows[index], one));
  }

  /** What is remarked of a neighbour has a row of its own beneath, over the whole width. */
  #addRow(): void {
    const [warning, trouble] = [element("p", "warning"), element("p", "trouble")];
    const cell = element("td", "left", warning, trouble);
    cell.colSpan = HEADS.length;
    const beneath = element("tr", "beneath", cell);
    const row = element("tr", "", ...HEADS.map(() => element("td")));
    this.#rows.push({ row, beneath, warning, trouble });
    this.#body.append(row, beneath);
  }

  #dropRow(): void {
    const gone = this.#rows.pop();
    gone?.row.remove();
    gone?.beneath.remove();
  }

  #summarise(neighbours: readonly Neighbour[]): void {
    const { ready, down, alone } = summarise(neighbours);
    const joining = neighbours.length - ready - down;
    const parts = [`${ready} up`, ...(joining > 0 ? [`${joining} joining`] : []), ...(down > 0 ? [`${down} DOWN`] : [])];
    const text = neighbours.length === 0 ? "" : alone ? "✕ CUT OFF: own sensors only" : parts.join(" · ");
    setText(this.#sum, text);
    setClass(this.#sum, `sum ${alone ? "down" : down > 0 ? "stale" : "ok"}`);
  }
}

function fill(shown: Row | undefined, one: Neighbour): void {
  if (shown === undefined) return;
  const { row } = shown;
  const told = remarks(one);
  const text = (warning: boolean) => told.find((remark) => remark.warning === warning)?.text ?? "";
  for (const [host, words] of [[shown.warning, text(true)], [shown.trouble, text(false)]] as const) {
    setText(host, words);
    setHidden(host, words === "");
  }
  setHidden(shown.beneath, told.length === 0);
  const [state, kind] = STATES[one.state];
  const texts = [
    one.name,
    state,
    format.age(one.heard_s),
    one.waiting === null ? format.UNKNOWN : format.grouped(one.waiting),
    one.clock_ahead_s === null ? format.UNKNOWN : `${one.clock_ahead_s.toFixed(1)}\u00a0s`,
  ];
  texts.forEach((text, index) => {
    const cell = row.cells[index];
    if (cell !== undefined) setText(cell, text);
  });
  const rate = one.rate_bytes_s === null ? "" : ` at ${format.grouped(one.rate_bytes_s / 125)} kbit/s`;
  row.title = one.bearer === "" ? "" : `over ${one.bearer}${rate}`;
  const cell = row.cells[1];
  if (cell !== undefined) setClass(cell, `state ${kind}`);
}
