/** All that is known of the selected track. */
import { element, setClass, setHidden, setText } from "../dom.ts";
import { isStale, told_ms } from "../fading.ts";
import * as format from "../format.ts";
import { deadReckon, rangeBearing } from "../geodesy.ts";
import { SIGMAS } from "../map/ellipse.ts";
import type { Position, Remark, Track } from "../protocol.ts";

const FIELDS = [
  "Position",
  "From origin",
  "Height",
  "Course",
  "Speed",
  "Uncertainty",
  "Age",
  "Callsign",
  "Address",
  "Sensors",
  "Remark",
  "Formerly",
  "Label",
  "Id",
] as const;
type Field = (typeof FIELDS)[number];

export interface SelectedEvents {
  centred(): void;
  followed(): void;
  cleared(): void;
}

export class SelectedTrack {
  readonly #none = element("p", "hint", "Select a track on the map or in the list.");
  readonly #card = element("div", "card");
  readonly #swatch = element("i", "swatch");
  readonly #name = element("strong", "card-name");
  readonly #kind = element("span", "card-kind");
  readonly #values = new Map<Field, HTMLElement>();
  readonly #follow = element("button", "button small", "Follow");

  constructor(host: HTMLElement, events: SelectedEvents) {
    const centre = element("button", "button small", "Centre");
    const clear = element("button", "button small", "Clear");
    for (const button of [centre, this.#follow, clear]) button.type = "button";
    centre.title = "Bring to the middle of the map (c)";
    this.#follow.title = "Keep in the middle of the map (f)";
    clear.title = "Select nothing (Esc)";
    centre.addEventListener("click", () => events.centred());
    this.#follow.addEventListener("click", () => events.followed());
    clear.addEventListener("click", () => events.cleared());
    this.#name.setAttribute("aria-live", "polite");
    const list = element("dl", "facts");
    for (const field of FIELDS) {
      const value = element("dd");
      this.#values.set(field, value);
      list.append(element("dt", "", field), value);
    }
    const head = element("div", "card-head", this.#swatch, this.#name, this.#kind);
    this.#card.append(head, list, element("div", "card-buttons", centre, this.#follow, clear));
    host.append(this.#none, this.#card);
  }

  /** Shows a track as it is at picture time `now_ms`; `gone` says that the picture no longer holds it. */
  show(track: Track | null, gone: boolean, origin: Position | null, following: boolean, now_ms: number): void {
    setHidden(this.#none, track !== null);
    setHidden(this.#card, track === null);
    this.#follow.setAttribute("aria-pressed", String(following));
    if (track === null) return;
    const age_s = Math.max(0, now_ms - told_ms(track)) / 1000;
    const old = gone || isStale(age_s);
    setClass(this.#card, `card ${old ? "old" : ""}`.trim());
    setClass(this.#swatch, `swatch ${track.affiliation} ${track.status}`);
    setText(this.#name, track.name);
    const state = gone ? "no longer in the picture" : `${track.status}${track.source_track ? " · source track" : ""}`;
    setText(this.#kind, `${format.className(track.class)} · ${format.affiliation(track.affiliation)} · ${state}`);
    const texts = this.#texts(track, origin, age_s, now_ms);
    for (const [field, value] of this.#values) setText(value, texts[field]);
    // Most tracks have neither.
    for (const field of ["Remark", "Formerly"] as const) this.#hide(field, texts[field] === "");
  }

  #hide(field: Field, hidden: boolean): void {
    const value = this.#values.get(field);
    if (value === undefined) return;
    setHidden(value, hidden);
    if (value.previousElementSibling instanceof HTMLElement) setHidden(value.previousElementSibling, hidden);
  }

  #texts(track: Track, origin: Position | null, age_s: number, now_ms: number): Record<Field, string> {
    const at = deadReckon(track, now_ms);
    return {
      Position: format.position(at),
      "From origin": origin === null ? format.UNKNOWN : fromOrigin(origin, at),
      Height: format.height(track.height_m),
      Course: format.bearing(track.course_deg),
      Speed: format.speed(track.speed_m_s),
      Uncertainty: uncertainty(track),
      Age: `${format.age(age_s)}${ageWord(track, age_s)}`,
      Callsign: track.callsign ?? format.UNKNOWN,
      Address: format.address(track.address),
      Sensors: track.sensors.length === 0 ? format.UNKNOWN : track.sensors.join(", "),
      Remark: track.remark === null ? "" : remark(track.remark, now_ms),
      Formerly: track.former.map(({ name }) => name).join(", "),
      Label: track.label === "" ? "UNLABELLED" : track.label,
      Id: track.id,
    };
  }
}

function ageWord(track: Track, age_s: number): string {
  if (track.silent_since_ms !== null) return " · silent, reckoned on";
  return isStale(age_s) ? " · stale" : "";
}

/** What was said, who said it, and how long ago. */
function remark({ text, by, time_ms }: Remark, now_ms: number): string {
  return `“${text}” — ${by}, ${format.age(Math.max(0, now_ms - time_ms) / 1000)} ago`;
}

function fromOrigin(origin: Position, at: Position): string {
  const { range_m, bearing_deg } = rangeBearing(origin, at);
  return `${format.length(range_m)} at ${format.bearing(bearing_deg)}`;
}

/** One sigma as a number, and the ellipse as it is drawn on the map. */
function uncertainty({ sigma_m, ellipse }: Track): string {
  const sigma = `1σ ${format.length(sigma_m)}`;
  if (ellipse === null) return sigma;
  const axes = `${format.length(SIGMAS * ellipse.major_m)} × ${format.length(SIGMAS * ellipse.minor_m)}`;
  return `${sigma} · 2σ ${axes}, ${format.bearing(ellipse.azimuth_deg)}`;
}
