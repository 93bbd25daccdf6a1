/** The measuring tool on the page: its button, its hint over the map, and the ruler for the map to draw. */
import { byId, setAttribute, setHidden, setText } from "./dom.ts";
import type { Position } from "./protocol.ts";
import { type Ruler, RulerTool, type Tracks } from "./ruler.ts";

export interface MeasuringEvents {
  /** The ruler changed. */
  changed(): void;
  /** The button was pressed. */
  toggled(): void;
}

export class Measuring {
  readonly #tool = new RulerTool();
  readonly #tracks: Tracks;
  readonly #events: MeasuringEvents;
  readonly #strip = byId("measure-strip", HTMLDivElement);
  readonly #button = byId("measure", HTMLButtonElement);
  readonly #map = byId("map", HTMLDivElement);

  constructor(tracks: Tracks, events: MeasuringEvents) {
    this.#tracks = tracks;
    this.#events = events;
    this.#button.addEventListener("click", () => events.toggled());
  }

  get active(): boolean {
    return this.#tool.active;
  }

  ruler(now_ms: number): Ruler | null {
    return this.#tool.ruler(this.#tracks, now_ms);
  }

  /** Starts to measure, from a track if one is given. */
  start(track: string | null): void {
    this.#tool.start(track);
    this.show();
  }

  stop(): void {
    this.#tool.stop();
    this.show();
  }

  /** Takes a click on the map while measuring: on a track if there is one. */
  handleClick(at: Position, id: string | null): void {
    this.#tool.handleClick(id === null ? { at } : { track: id });
    this.show();
  }

  handlePointer(at: Position | null): void {
    this.#tool.handlePointer(at);
    if (this.active) this.#events.changed();
  }

  /** Shows what to do next; to be called now and then, since the ends may be moving. */
  show(): void {
    setAttribute(this.#button, "aria-pressed", String(this.active));
    setHidden(this.#strip, !this.active);
    setText(this.#strip, this.#tool.hint(this.#tracks));
    this.#map.classList.toggle("measuring", this.active);
    this.#events.changed();
  }
}
