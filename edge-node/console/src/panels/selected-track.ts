/** All that is known of the selected track. */
import { element, setClass, setHidden, setText } from "../dom.ts";
import { isStale, told_ms } from "../fading.ts";
import * as format from "../format.ts";
import { deadReckon, rangeBearing } from "../geodesy.ts";
import { SIGMAS } from "../map/ellipse.ts";
import type { Sample } from "../history/series.ts";
import type { Palette } from "../palette.ts";
import type { Declared, Position, Remark, Said, Track } from "../protocol.ts";
import { Annotation } from "./annotation.ts";
import { HistoryPlot } from "./history-plot.ts";

const FIELDS = [
  "Declared",
  "Remark",
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
  "Formerly",
  "Label",
  "Id",
] as const;
type Field = (typeof FIELDS)[number];

/** Rows that are left out when there is nothing to say: most tracks have none of them. */
const OPTIONAL: readonly Field[] = ["Declared", "Callsign", "Address", "Remark", "Formerly"];

/** What the card shows. */
export interface Selection {
  /** The id that is selected, though the picture may not have it. */
  id: string | null;
  track: Track | null;
  /** The picture no longer holds it. */
  gone: boolean;
  /** Whose picture it is; empty before the first greeting. */
  node: string;
  origin: Position | null;
  following: boolean;
  now_ms: number;
  live: boolean;
  samples: readonly Sample[];
  /** Where the samples are from. */
  note: string;
  palette: Palette;
}

export interface SelectedEvents {
  centred(): void;
  measured(): void;
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
  readonly #plot = new HistoryPlot();
  readonly #annotation = new Annotation();

  constructor(host: HTMLElement, events: SelectedEvents) {
    const centre = element("button", "button small", "Centre");
    const measure = element("button", "button small", "Measure");
    const clear = element("button", "button small clear", "✕");
    for (const button of [centre, this.#follow, measure, clear]) button.type = "button";
    measure.title = "Range and bearing from this track (m)";
    measure.addEventListener("click", () => events.measured());
    centre.title = "Bring to the middle of the map (c)";
    this.#follow.title = "Keep in the middle of the map (f)";
    clear.title = "Select nothing (Esc)";
    clear.setAttribute("aria-label", "Select nothing");
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
    const head = element("div", "card-head", this.#swatch, this.#name, this.#kind, clear);
    const buttons = element("div", "card-buttons", centre, this.#follow, measure, this.#annotation.button);
    this.#card.append(head, buttons, this.#annotation.element, list, this.#plot.element);
    this.#card.tabIndex = 0;
    this.#card.setAttribute("aria-label", "Selected track");
    host.append(this.#none, this.#card);
  }

  /** Opens the form for annotations. */
  annotate(): void {
    if (!this.#card.hidden) this.#annotation.open();
  }

  show(selection: Selection): void {
    const { id, track, gone, origin, following, now_ms } = selection;
    setHidden(this.#none, track !== null);
    setHidden(this.#card, track === null);
    this.#follow.setAttribute("aria-pressed", String(following));
    const hint = "Select a track on the map or in the list.";
    setText(this.#none, id === null ? hint : "The selected track is not in this picture.");
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
    for (const field of OPTIONAL) this.#hide(field, texts[field] === "" || texts[field] === format.UNKNOWN);
    this.#plot.show(selection.samples, now_ms, selection.palette, selection.note);
    this.#annotation.show(track, selection.node, selection.live, gone);
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
      Declared: track.declared === null ? "" : declared(track.declared, now_ms),
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

function remark(one: Remark, now_ms: number): string {
  return `“${one.text}” — ${said(one, now_ms)}`;
}

function declared(one: Declared, now_ms: number): string {
  return `${format.affiliation(one.affiliation)} — ${said(one, now_ms)}`;
}

/** Who said it, at which node, and how long ago. */
function said({ who, by, time_ms }: Said, now_ms: number): string {
  const name = who === null || who === by ? by : `${who} at ${by}`;
  return `${name}, ${format.age(Math.max(0, now_ms - time_ms) / 1000)} ago`;
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
