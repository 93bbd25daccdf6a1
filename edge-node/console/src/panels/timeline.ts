/** The bar of the recorder: slider, play, speed, and the way back to live. Hidden while the node has no recorder. */
import { byId, element, setAttribute, setHidden, setText } from "../dom.ts";
import * as format from "../format.ts";
import { type Playback, SPEEDS } from "../history/playback.ts";

export interface TimelineEvents {
  sought(at_ms: number): void;
  stepped(by_ms: number): void;
  played(): void;
  sped(speed: number): void;
  live(): void;
}

export const STEP_MS = 60_000;

const WITHOUT = "Without DF lines and annotations; sensors and mesh as now.";

export class Timeline {
  readonly #bar = byId("timeline", HTMLElement);
  readonly #slider = byId("time-slider", HTMLInputElement);
  readonly #live = byId("time-live", HTMLButtonElement);
  readonly #back = byId("back-to-live", HTMLButtonElement);
  readonly #play = byId("time-play", HTMLButtonElement);
  readonly #speed = byId("time-speed", HTMLSelectElement);
  readonly #from = byId("time-from", HTMLSpanElement);
  readonly #to = byId("time-to", HTMLSpanElement);
  readonly #strip = byId("replay-strip", HTMLDivElement);
  readonly #text = byId("replay-text", HTMLSpanElement);

  constructor(events: TimelineEvents) {
    for (const speed of SPEEDS) {
      const option = element("option", "", `${speed}×`);
      option.value = String(speed);
      this.#speed.append(option);
    }
    this.#slider.addEventListener("input", () => events.sought(Number(this.#slider.value)));
    this.#speed.addEventListener("change", () => events.sped(Number(this.#speed.value)));
    this.#play.addEventListener("click", () => events.played());
    this.#live.addEventListener("click", () => events.live());
    this.#back.addEventListener("click", () => events.live());
    byId("time-back", HTMLButtonElement).addEventListener("click", () => events.stepped(-STEP_MS));
    byId("time-on", HTMLButtonElement).addEventListener("click", () => events.stepped(STEP_MS));
  }

  /**
   * Shows where the page stands; `live_ms` is the time of the live picture, `why` what keeps the past from being shown.
   * Only what is live is called so: the present of a simulation is just now.
   */
  show(playback: Playback, live_ms: number, local_ms: number, why: string, isLive: boolean): void {
    const present = isLive ? "LIVE" : "NOW";
    const { span } = playback;
    const at_ms = playback.at(local_ms);
    setHidden(this.#bar, span === null && at_ms === null);
    setHidden(this.#strip, at_ms === null);
    if (at_ms !== null) setText(this.#text, stripText(at_ms, live_ms, playback, why));
    setAttribute(this.#live, "aria-pressed", String(at_ms === null));
    setText(this.#live, at_ms === null ? present : `Back to ${present}`);
    setText(this.#back, `Back to ${present}`);
    setAttribute(this.#play, "data-playing", String(playback.playing));
    setAttribute(this.#play, "aria-pressed", String(playback.playing));
    this.#speed.value = String(playback.speed);
    if (span === null) return;
    const to_ms = Math.max(span.to_ms, at_ms === null ? live_ms : span.to_ms);
    setAttribute(this.#slider, "min", String(Math.floor(span.from_ms)));
    setAttribute(this.#slider, "max", String(Math.ceil(to_ms)));
    const value = String(Math.round(at_ms ?? to_ms));
    if (this.#slider.value !== value) this.#slider.value = value;
    setAttribute(this.#slider, "aria-valuetext", at_ms === null ? "live" : format.utcTime(at_ms));
    setText(this.#from, format.utcTime(span.from_ms));
    setText(this.#to, at_ms === null ? "now" : format.utcTime(to_ms));
  }
}

/** What the page says while it shows the past, and of what that past has nothing. */
export function stripText(at_ms: number, live_ms: number, playback: Playback, why: string): string {
  const ago = format.age(Math.max(0, Math.round((live_ms - at_ms) / 1000)));
  const how = why !== "" ? why : playback.playing ? format.replaySpeed(playback.speed) : "held";
  return `REPLAY ${format.utcDate(at_ms)} ${format.utcTime(at_ms)} · ${ago} ago · ${how}. ${WITHOUT}`;
}
