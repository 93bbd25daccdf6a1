/** The sortable table of tracks. Rows are made once and filled anew; there are never more than `ROWS_MAX` of them. */
import { element, setAttribute, setClass, setText } from "../dom.ts";
import { isStale, told_ms } from "../fading.ts";
import * as format from "../format.ts";
import type { Track } from "../protocol.ts";
import { COLUMNS, type Column, type Order, nextOrder, sorted } from "../track-rows.ts";

/** Rows shown at once; the rest is counted below the table. */
export const ROWS_MAX = 150;

const HEADS: Record<Column, string> = {
  name: "Track",
  class: "Class",
  speed: "m/s",
  course: "Crs",
  sigma: "1σ",
  age: "Age s",
};

interface Row {
  row: HTMLTableRowElement;
  swatch: HTMLElement;
  name: HTMLElement;
  cells: HTMLTableCellElement[];
}

export interface TrackListEvents {
  selected(id: string): void;
  /** Enter or a double click: bring the track to the middle of the map. */
  centred(id: string): void;
}

export class TrackList {
  readonly #host: HTMLElement;
  readonly #events: TrackListEvents;
  readonly #heads = new Map<Column, HTMLTableCellElement>();
  readonly #body = element("tbody");
  readonly #more = element("p", "more");
  readonly #rows: Row[] = [];
  #order: Order = { column: "name", descending: false };
  #tracks: readonly Track[] = [];
  #shown: Track[] = [];
  #selected: string | null = null;
  #now_ms = 0;

  constructor(host: HTMLElement, events: TrackListEvents) {
    this.#host = host;
    this.#events = events;
    const head = element("tr", "", ...COLUMNS.map((column) => this.#head(column)));
    host.append(element("table", "grid", element("thead", "", head), this.#body), this.#more);
    this.#body.addEventListener("click", (event) => this.#clicked(event, (id) => events.selected(id)));
    this.#body.addEventListener("dblclick", (event) => this.#clicked(event, (id) => events.centred(id)));
    host.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Shows these tracks as they are at picture time `now_ms`. */
  show(tracks: readonly Track[], selected: string | null, now_ms: number): void {
    const moved = selected !== this.#selected;
    this.#tracks = tracks;
    this.#selected = selected;
    this.#now_ms = now_ms;
    this.#fill();
    if (moved) this.#body.querySelector(".chosen")?.scrollIntoView({ block: "nearest" });
  }

  /** Selects the track `step` rows on, from the selected one or from the end. */
  step(step: number): void {
    const at = this.#shown.findIndex((track) => track.id === this.#selected);
    const last = this.#shown.length - 1;
    const to = at < 0 ? (step > 0 ? 0 : last) : Math.min(last, Math.max(0, at + step));
    const track = this.#shown[to];
    if (track !== undefined) this.#events.selected(track.id);
  }

  #head(column: Column): HTMLTableCellElement {
    const button = element("button", "", HEADS[column]);
    button.type = "button";
    button.addEventListener("click", () => {
      this.#order = nextOrder(this.#order, column);
      this.#fill();
      this.#host.scrollTop = 0;
    });
    const head = element("th", column, button);
    head.scope = "col";
    this.#heads.set(column, head);
    return head;
  }

  #fill(): void {
    for (const [column, head] of this.#heads) {
      const rising = this.#order.descending ? "descending" : "ascending";
      setAttribute(head, "aria-sort", column === this.#order.column ? rising : "none");
    }
    this.#shown = sorted(this.#tracks, this.#order).slice(0, ROWS_MAX);
    while (this.#rows.length < this.#shown.length) this.#addRow();
    while (this.#rows.length > this.#shown.length) this.#rows.pop()?.row.remove();
    this.#rows.forEach((row, index) => this.#fillRow(row, this.#shown[index]));
    setText(this.#more, this.#remark());
  }

  #remark(): string {
    if (this.#tracks.length === 0) return "No track here.";
    const hidden = this.#tracks.length - this.#shown.length;
    return hidden === 0 ? "" : `${format.grouped(hidden)} more: zoom in or filter.`;
  }

  #addRow(): void {
    const swatch = element("i", "swatch");
    const name = element("span");
    const cells = COLUMNS.map((column) => element("td", column));
    cells[0]?.append(swatch, name);
    const row = element("tr", "", ...cells);
    this.#rows.push({ row, swatch, name, cells: cells.slice(1) });
    this.#body.append(row);
  }

  #fillRow({ row, swatch, name, cells }: Row, track: Track | undefined): void {
    if (track === undefined) return;
    const age_s = (this.#now_ms - told_ms(track)) / 1000;
    row.dataset.id = track.id;
    setClass(row, `${track.id === this.#selected ? "chosen" : ""} ${isStale(age_s) ? "old" : ""}`.trim());
    setAttribute(row, "aria-selected", String(track.id === this.#selected));
    setClass(swatch, `swatch ${track.affiliation} ${track.status}`);
    setText(name, track.name);
    const texts = [
      format.className(track.class),
      track.speed_m_s === null ? format.UNKNOWN : String(Math.round(track.speed_m_s)),
      format.bearing(track.course_deg),
      format.length(track.sigma_m),
      format.ageColumn(age_s),
    ];
    texts.forEach((text, index) => {
      const cell = cells[index];
      if (cell !== undefined) setText(cell, text);
    });
  }

  #clicked(event: Event, then: (id: string) => void): void {
    const row = event.target instanceof Element ? event.target.closest("tr") : null;
    const id = row?.dataset.id;
    if (id !== undefined) then(id);
  }

  #key(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -ROWS_MAX, End: ROWS_MAX }[event.key];
    if (step !== undefined) this.step(step);
    else if (event.key === "Enter" && event.target === this.#host && this.#selected !== null) {
      this.#events.centred(this.#selected);
    } else return;
    event.preventDefault();
  }
}
