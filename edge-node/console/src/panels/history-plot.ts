/** The plot on the card: speed, height and uncertainty of the selected track over the last minutes, one below the other. */
import { element, setHidden, setText } from "../dom.ts";
import * as format from "../format.ts";
import type { Sample } from "../history/series.ts";
import type { Palette } from "../palette.ts";

/** So far back the plot reaches. */
export const PLOT_MS = 15 * 60_000;

const LANE_PX = 34;
const LEFT_PX = 62;

/** Room for the highest and lowest value. */
const RIGHT_PX = 66;
const FONT = "11px system-ui, sans-serif";

const LANES = [
  { title: "Speed", value: (one: Sample) => one.speed_m_s, text: (value: number) => `${Math.round(value)} m/s` },
  { title: "Height", value: (one: Sample) => one.height_m, text: (value: number) => `${format.grouped(value)} m` },
  { title: "1σ", value: (one: Sample) => one.sigma_m, text: (value: number) => format.length(value) },
] as const;

/** Samples further apart than this are not joined by a line: nobody measured between them. */
const GAP_MS = 60_000;

export class HistoryPlot {
  readonly element = element("div", "plot");
  readonly #canvas = element("canvas");
  readonly #text = element("p", "hint");

  constructor() {
    this.#canvas.setAttribute("role", "img");
    this.element.append(this.#canvas, this.#text);
  }

  /** Draws the samples up to `now_ms`; `note` says where they are from. */
  show(samples: readonly Sample[], now_ms: number, palette: Palette, note: string): void {
    const recent = samples.filter(({ time_ms }) => time_ms <= now_ms && time_ms >= now_ms - PLOT_MS);
    setHidden(this.#canvas, recent.length < 2);
    setText(this.#text, recent.length < 2 ? "The plot begins with the second report." : note);
    if (recent.length < 2) return;
    const from_ms = recent[0]?.time_ms ?? now_ms;
    this.#canvas.setAttribute("aria-label", summary(recent));
    const context = this.#prepare();
    if (context === null) return;
    const width = this.#canvas.clientWidth;
    LANES.forEach((lane, index) => drawLane(context, lane, recent, index * LANE_PX, width, from_ms, now_ms, palette));
  }

  #prepare(): CanvasRenderingContext2D | null {
    const ratio = Math.min(2, window.devicePixelRatio);
    const [width, height] = [this.#canvas.clientWidth, LANES.length * LANE_PX];
    const [deviceWidth, deviceHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== deviceWidth || this.#canvas.height !== deviceHeight) {
      this.#canvas.width = deviceWidth;
      this.#canvas.height = deviceHeight;
    }
    const context = this.#canvas.getContext("2d");
    context?.setTransform(ratio, 0, 0, ratio, 0, 0);
    context?.clearRect(0, 0, width, height);
    return context;
  }
}

type Lane = (typeof LANES)[number];

function drawLane(
  context: CanvasRenderingContext2D,
  lane: Lane,
  samples: readonly Sample[],
  top: number,
  width: number,
  from_ms: number,
  to_ms: number,
  palette: Palette,
): void {
  const { low, high } = extent(samples, lane);
  context.font = FONT;
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillStyle = palette.dimText;
  context.fillText(lane.title, 0, top + 3);
  context.strokeStyle = palette.grid;
  context.lineWidth = 1;
  context.strokeRect(LEFT_PX + 0.5, top + 2.5, width - LEFT_PX - 1, LANE_PX - 6);
  if (high === null || low === null) {
    context.fillText("not known", LEFT_PX + 6, top + 9);
    return;
  }
  context.fillStyle = palette.text;
  context.fillText(lane.text(lane.value(samples.at(-1) as Sample) ?? high), 0, top + 16);
  const spread = Math.max(high - low, 1e-6 + Math.abs(high) * 0.02);
  const middle = (high + low) / 2;
  const per_ms = (width - LEFT_PX - RIGHT_PX) / Math.max(1, to_ms - from_ms);
  const x = (time_ms: number): number => LEFT_PX + 3 + (time_ms - from_ms) * per_ms;
  const y = (value: number): number => top + LANE_PX / 2 - 1 - ((value - middle) / spread) * (LANE_PX - 14);
  paintEnds(context, lane, low, high, top, width, palette);
  context.strokeStyle = palette.sensor;
  context.lineWidth = 1.5;
  context.beginPath();
  let last_ms = Number.NEGATIVE_INFINITY;
  for (const one of samples) {
    const value = lane.value(one);
    if (value === null) continue;
    if (one.time_ms - last_ms > GAP_MS) context.moveTo(x(one.time_ms), y(value));
    else context.lineTo(x(one.time_ms), y(value));
    last_ms = one.time_ms;
  }
  context.stroke();
}

/** The highest and the lowest at the right, where they differ to the eye. */
function paintEnds(
  context: CanvasRenderingContext2D,
  lane: Lane,
  low: number,
  high: number,
  top: number,
  width: number,
  palette: Palette,
): void {
  if (lane.text(low) === lane.text(high)) return;
  context.textAlign = "right";
  context.fillStyle = palette.dimText;
  context.fillText(lane.text(high), width - 4, top + 3);
  context.fillText(lane.text(low), width - 4, top + 18);
  context.textAlign = "left";
}

function extent(samples: readonly Sample[], { value }: Lane): { low: number | null; high: number | null } {
  let low: number | null = null;
  let high: number | null = null;
  for (const one of samples) {
    const now = value(one);
    if (now === null) continue;
    low = low === null ? now : Math.min(low, now);
    high = high === null ? now : Math.max(high, now);
  }
  return { low, high };
}

/** The plot in words, for those who cannot see it. */
function summary(samples: readonly Sample[]): string {
  const parts = LANES.map((lane) => {
    const { low, high } = extent(samples, lane);
    return low === null || high === null ? `${lane.title} not known` : `${lane.title} ${lane.text(low)} to ${lane.text(high)}`;
  });
  return parts.join(", ");
}
