/**
 * The one canvas that carries everything that moves: lines of bearing, trails, uncertainty, speed vectors, symbols, labels.
 * Each is painted for all tracks before the next, so that nothing hides a symbol and no label hides anything.
 */
import { RECKONING_S_MAX, destination } from "../geodesy.ts";
import { isStale } from "../fading.ts";
import { age } from "../format.ts";
import { BEARING_KEPT_MS, type Entry } from "../track-store.ts";
import type { Palette } from "../palette.ts";
import type { Affiliation, Bearing, Position } from "../protocol.ts";
import type { Ruler } from "../ruler.ts";
import type { Settings } from "../settings.ts";
import { SYMBOL_HALF_PX, SymbolSheet, lookOf } from "../symbols.ts";
import { CanvasLayer, LAYER_MARGIN_PX } from "./canvas-layer.ts";
import { screenEllipse } from "./ellipse.ts";
import { type LabelRequest, Labeller } from "./labels.ts";
import { FULL_SYMBOLS_MAX, type Placed, nearest, placeTracks } from "./placement.ts";
import { type Point, type View, metresPerPixel, project } from "./view.ts";
import { paintRuler } from "./ruler.ts";
import { wedge } from "./wedge.ts";

/** Everything the layer shows, asked for at every drawing. */
export interface TrackScene {
  palette(): Palette;
  settings(): Settings;
  /** Picture time in Unix milliseconds. */
  now_ms(): number;
  entries(): Iterable<Entry>;
  bearings(): Iterable<Bearing>;
  selected(): string | null;
  hovered(): string | null;
  /** What is being measured. */
  ruler(): Ruler | null;
}

/** A speed vector ends where the track will be in this time. */
export const VECTOR_S = 60;

/** Tracks this far outside the view are still drawn: their labels and vectors may reach in. */
const OUTSIDE_PX = 40;

const LINE_PX = 13;
const NAME_FONT = "600 12px system-ui, sans-serif";
const DETAIL_FONT = "11px system-ui, sans-serif";
const WIDTHS_MAX = 4_096;

/** Lines that other nodes heard are broken. */
const FOREIGN_DASH = [7, 4];

/** Radius of the dot from which another node's lines go out. */
const HEARER_PX = 4;

/** An ellipse smaller than its symbol says nothing. */
const ELLIPSE_PX_MIN = 5;

export class TrackLayer extends CanvasLayer {
  readonly #scene: TrackScene;
  readonly #symbols = new SymbolSheet();
  readonly #labeller = new Labeller();
  readonly #widths = new Map<string, number>();
  #placed: Placed[] = [];
  #drawn = { tracks: 0, full: 0 };

  constructor(scene: TrackScene) {
    super("markerPane");
    this.#scene = scene;
  }

  /** How many tracks the last drawing held, and how many of them as whole symbols rather than dots. */
  get drawn(): { tracks: number; full: number } {
    return this.#drawn;
  }

  /** The tracks of the last drawing that lie on the visible map. */
  visible(): Placed[] {
    const size = this._map.getSize();
    return this.#placed.filter(
      ({ x, y }) =>
        x >= LAYER_MARGIN_PX && y >= LAYER_MARGIN_PX && x <= size.x + LAYER_MARGIN_PX && y <= size.y + LAYER_MARGIN_PX,
    );
  }

  /** The track under a point of the map's container, as last drawn. */
  pick(point: Point, reach_px: number): Placed | null {
    return nearest(this.#placed, { x: point.x + LAYER_MARGIN_PX, y: point.y + LAYER_MARGIN_PX }, reach_px);
  }

  protected override draw(context: CanvasRenderingContext2D, view: View, pixelRatio: number): void {
    const now_ms = this.#scene.now_ms();
    const settings = this.#scene.settings();
    const palette = this.#scene.palette();
    this.#placed = placeTracks(this.#scene.entries(), view, now_ms, OUTSIDE_PX);
    const full = this.#placed.length <= FULL_SYMBOLS_MAX ? this.#placed : this.#placed.filter((one) => this.#marked(one));
    if (settings.bearings) paintBearings(context, view, this.#scene.bearings(), now_ms, palette);
    if (settings.trail_min > 0) paintTrails(context, view, full, now_ms - settings.trail_min * 60_000, palette);
    if (settings.ellipses) paintEllipses(context, view, full, palette);
    if (settings.vectors) paintVectors(context, view, full, palette);
    if (full !== this.#placed) paintDots(context, this.#placed, palette);
    this.#drawn = { tracks: this.#placed.length, full: full.length };
    this.#paintSymbols(context, full, palette, pixelRatio);
    if (settings.labels) this.#paintLabels(context, view, full, palette);
    if (settings.bearings) paintHearers(context, view, this.#scene.bearings(), palette);
    const ruler = this.#scene.ruler();
    if (ruler !== null) paintRuler(context, view, ruler, palette, LAYER_MARGIN_PX);
    context.globalAlpha = 1;
  }

  #marked({ track }: Placed): boolean {
    return track.id === this.#scene.selected() || track.id === this.#scene.hovered();
  }

  #paintSymbols(context: CanvasRenderingContext2D, placed: Placed[], palette: Palette, pixelRatio: number): void {
    const side = 2 * SYMBOL_HALF_PX;
    const style = this.#scene.settings().symbols;
    for (const { track, x, y, alpha } of inOrder(placed)) {
      context.globalAlpha = alpha;
      const sprite = this.#symbols.sprite(lookOf(track, style), palette, pixelRatio);
      context.drawImage(sprite, x - SYMBOL_HALF_PX, y - SYMBOL_HALF_PX, side, side);
    }
    context.globalAlpha = 1;
    for (const one of placed) if (this.#marked(one)) this.#paintMark(context, one, palette);
  }

  #paintMark(context: CanvasRenderingContext2D, { track, x, y }: Placed, palette: Palette): void {
    const half = 18;
    const corner = 7;
    context.strokeStyle = palette.select;
    context.lineWidth = track.id === this.#scene.selected() ? 2.5 : 1.25;
    context.beginPath();
    for (const [sx, sy] of [[1, 1], [1, -1], [-1, -1], [-1, 1]] as const) {
      context.moveTo(x + sx * half, y + sy * (half - corner));
      context.lineTo(x + sx * half, y + sy * half);
      context.lineTo(x + sx * (half - corner), y + sy * half);
    }
    context.stroke();
  }

  #paintLabels(context: CanvasRenderingContext2D, view: View, placed: Placed[], palette: Palette): void {
    const [left, top] = [LAYER_MARGIN_PX, LAYER_MARGIN_PX];
    const bounds = { left, top, right: view.width - left, bottom: view.height - top };
    const byId = new Map(placed.map((one) => [one.track.id, one]));
    const requests = placed.map((one) => this.#request(context, one));
    context.textAlign = "left";
    context.textBaseline = "top";
    context.lineJoin = "round";
    context.lineWidth = 3;
    context.strokeStyle = palette.halo;
    for (const { id, x, y, form } of this.#labeller.place(requests, placed, bounds)) {
      const one = byId.get(id);
      if (one === undefined) continue;
      context.globalAlpha = this.#marked(one) ? 1 : one.alpha;
      paintText(context, one.track.name, NAME_FONT, palette.text, x, y);
      if (form === 0) paintText(context, detailOf(one), DETAIL_FONT, palette.dimText, x, y + LINE_PX);
    }
  }

  #request(context: CanvasRenderingContext2D, one: Placed): LabelRequest {
    const detail = detailOf(one);
    const name = this.#width(context, one.track.name, NAME_FONT);
    const width = Math.max(name, this.#width(context, detail, DETAIL_FONT));
    const whole = { width, height: detail === "" ? LINE_PX : 2 * LINE_PX };
    const sizes = [whole, { width: name, height: LINE_PX }];
    return { id: one.track.id, x: one.x, y: one.y, sizes, importance: this.#importance(one) };
  }

  #importance(one: Placed): number {
    if (this.#marked(one)) return 0;
    if (one.track.affiliation === "hostile" || one.track.affiliation === "suspect") return 1;
    return one.track.status === "confirmed" ? 2 : 3;
  }

  /** Width of a text; measuring is the dearest part of a label, and names repeat at every drawing. */
  #width(context: CanvasRenderingContext2D, text: string, font: string): number {
    const key = `${font}|${text}`;
    const known = this.#widths.get(key);
    if (known !== undefined) return known;
    if (this.#widths.size >= WIDTHS_MAX) this.#widths.clear();
    context.font = font;
    const { width } = context.measureText(text);
    this.#widths.set(key, width);
    return width;
  }
}

function paintText(context: CanvasRenderingContext2D, text: string, font: string, colour: string, x: number, y: number) {
  context.font = font;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

/** The second line of a label: speed, and height for what flies; of what is old or silent, how long. */
function detailOf({ track, age_s }: Placed): string {
  if (track.silent_since_ms !== null) return `silent ${age(Math.round(age_s))}`;
  if (isStale(age_s)) return `${age(Math.round(age_s))} old`;
  const speed = track.speed_m_s === null ? "" : `${Math.round(track.speed_m_s)} m/s`;
  if (track.height_m === null || track.class === "surface" || track.class === "ground") return speed;
  const height = `${Math.round(track.height_m)} m`;
  return speed === "" ? height : `${speed} · ${height}`;
}

function paintBearings(
  context: CanvasRenderingContext2D,
  view: View,
  bearings: Iterable<Bearing>,
  now_ms: number,
  palette: Palette,
): void {
  context.lineWidth = 1.25;
  for (const bearing of bearings) {
    context.fillStyle = palette.bearing;
    context.strokeStyle = palette.bearing;
    const fresh = 1 - Math.max(0, now_ms - bearing.time_ms) / BEARING_KEPT_MS;
    if (fresh <= 0) continue;
    const { line, outline } = wedge(bearing);
    context.globalAlpha = 0.22 * fresh;
    context.beginPath();
    trace(context, view, outline);
    context.closePath();
    context.fill();
    context.globalAlpha = 0.8 * fresh;
    context.setLineDash(bearing.node === null ? [] : FOREIGN_DASH);
    context.beginPath();
    trace(context, view, line);
    context.stroke();
    context.setLineDash([]);
  }
  context.globalAlpha = 1;
}

/** Who heard lines stands where they begin, once at each place; nothing else on this map says where that is. */
function paintHearers(context: CanvasRenderingContext2D, view: View, bearings: Iterable<Bearing>, palette: Palette): void {
  const hearers = new Map<string, Position>();
  for (const bearing of bearings) {
    if (bearing.node !== null) hearers.set(`${bearing.lat_deg} ${bearing.lon_deg} ${bearing.node}`, bearing);
  }
  context.globalAlpha = 1;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillStyle = palette.bearing;
  for (const [place, at] of hearers) {
    const { x, y } = project(view, at);
    context.lineWidth = 3;
    context.strokeStyle = palette.halo;
    context.beginPath();
    context.arc(x, y, HEARER_PX, 0, 2 * Math.PI);
    context.stroke();
    context.fill();
    paintText(context, place.split(" ").slice(2).join(" "), NAME_FONT, palette.bearing, x + 2 * HEARER_PX, y);
  }
}

function trace(context: CanvasRenderingContext2D, view: View, positions: Parameters<typeof project>[1][]): void {
  for (const [index, position] of positions.entries()) {
    const { x, y } = project(view, position);
    if (index === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
}

function paintTrails(
  context: CanvasRenderingContext2D,
  view: View,
  placed: Placed[],
  since_ms: number,
  palette: Palette,
): void {
  context.lineWidth = 1.25;
  context.lineJoin = "round";
  for (const { entry, track, x, y, alpha } of placed) {
    const { trail } = entry;
    context.globalAlpha = 0.55 * alpha;
    context.strokeStyle = palette.ink[track.affiliation];
    context.beginPath();
    const first = trail.since(since_ms);
    for (let index = first; index < trail.length; index += 1) {
      const point = project(view, { lat_deg: trail.lat(index), lon_deg: trail.lon(index) });
      if (index === first) context.moveTo(point.x, point.y);
      else context.lineTo(point.x, point.y);
    }
    context.lineTo(x, y);
    context.stroke();
  }
}

function paintEllipses(context: CanvasRenderingContext2D, view: View, placed: Placed[], palette: Palette): void {
  context.lineWidth = 1;
  for (const { track, x, y, alpha } of placed) {
    if (track.ellipse === null) continue;
    const { radius_x, radius_y, rotation } = screenEllipse(track.ellipse, metresPerPixel(view, track.lat_deg));
    if (radius_x < ELLIPSE_PX_MIN) continue;
    context.beginPath();
    context.ellipse(x, y, radius_x, radius_y, rotation, 0, 2 * Math.PI);
    context.fillStyle = palette.ink[track.affiliation];
    context.globalAlpha = 0.08 * alpha;
    context.fill();
    context.strokeStyle = palette.ink[track.affiliation];
    context.globalAlpha = 0.6 * alpha;
    context.stroke();
  }
}

function paintVectors(context: CanvasRenderingContext2D, view: View, placed: Placed[], palette: Palette): void {
  context.lineWidth = 1.5;
  for (const { track, at, x, y, alpha, age_s } of placed) {
    if (track.course_deg === null || track.speed_m_s === null || age_s > RECKONING_S_MAX) continue;
    const ahead = project(view, destination(at, track.course_deg, track.speed_m_s * VECTOR_S));
    context.globalAlpha = alpha;
    context.strokeStyle = palette.ink[track.affiliation];
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(ahead.x, ahead.y);
    context.stroke();
  }
}

/** From what matters least to what matters most: the last is painted over all others. */
const PAINTED: readonly Affiliation[] = [
  "neutral",
  "friend",
  "assumed_friend",
  "pending",
  "unknown",
  "suspect",
  "hostile",
];

/** Half the side of a dot; what may be hostile is larger. */
const DOT_PX = 2;
const HOSTILE_DOT_PX = 3;

function paintDots(context: CanvasRenderingContext2D, placed: Placed[], palette: Palette): void {
  for (const affiliation of PAINTED) {
    const half = affiliation === "suspect" || affiliation === "hostile" ? HOSTILE_DOT_PX : DOT_PX;
    context.fillStyle = palette.ink[affiliation];
    for (const { track, x, y, alpha } of placed) {
      if (track.affiliation !== affiliation) continue;
      context.globalAlpha = alpha;
      context.fillRect(x - half, y - half, 2 * half, 2 * half);
    }
  }
}

/** In the order in which symbols are painted. */
function inOrder(placed: readonly Placed[]): Placed[] {
  return PAINTED.flatMap((affiliation) => placed.filter(({ track }) => track.affiliation === affiliation));
}
