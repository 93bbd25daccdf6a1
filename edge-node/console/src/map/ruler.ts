/** The ruler on the map: a line along the great circle, its ends, and what it says beside the further one. */
import { destination, rangeBearing } from "../geodesy.ts";
import type { Palette } from "../palette.ts";
import type { Ruler } from "../ruler.ts";
import { type Point, type View, project } from "./view.ts";

const LEGS = 24;
const END_PX = 5;
const LINE_PX = 16;
const PADDING_PX = 7;
const FONT = "600 12px system-ui, sans-serif";

/** Paints within the part of the canvas that `margin_px` leaves, so that the text can always be read. */
export function paintRuler(
  context: CanvasRenderingContext2D,
  view: View,
  ruler: Ruler,
  palette: Palette,
  margin_px: number,
): void {
  const ends = [project(view, ruler.from), project(view, ruler.to)] as const;
  context.globalAlpha = 1;
  for (const [width, colour] of [[5, palette.halo], [2, palette.ruler]] as const) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.setLineDash(ruler.fixed ? [] : [7, 5]);
    context.beginPath();
    traceGreatCircle(context, view, ruler);
    context.stroke();
    context.setLineDash([]);
    for (const { x, y } of ends) {
      context.beginPath();
      context.arc(x, y, END_PX, 0, 2 * Math.PI);
      context.stroke();
    }
  }
  paintBox(context, view, ends, ruler.lines, palette, margin_px);
}

function traceGreatCircle(context: CanvasRenderingContext2D, view: View, { from, to }: Ruler): void {
  const { range_m, bearing_deg } = rangeBearing(from, to);
  for (let leg = 0; leg < LEGS; leg += 1) {
    const { x, y } = project(view, destination(from, bearing_deg, (range_m * leg) / LEGS));
    if (leg === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  const end = project(view, to);
  context.lineTo(end.x, end.y);
}

function paintBox(
  context: CanvasRenderingContext2D,
  view: View,
  [from, to]: readonly [Point, Point],
  lines: readonly string[],
  palette: Palette,
  margin_px: number,
): void {
  context.font = FONT;
  const width = Math.max(...lines.map((line) => context.measureText(line).width)) + 2 * PADDING_PX;
  const height = lines.length * LINE_PX + 2 * PADDING_PX - 3;
  const beside = to.x >= from.x ? to.x + 14 : to.x - 14 - width;
  const x = clamp(beside, margin_px + 4, view.width - margin_px - 4 - width);
  const y = clamp(to.y - height / 2, margin_px + 4, view.height - margin_px - 40 - height);
  context.fillStyle = palette.halo;
  context.strokeStyle = palette.ruler;
  context.lineWidth = 1;
  context.globalAlpha = 0.9;
  context.beginPath();
  context.roundRect(x, y, width, height, 4);
  context.fill();
  context.globalAlpha = 1;
  context.stroke();
  context.fillStyle = palette.text;
  context.textAlign = "left";
  context.textBaseline = "top";
  lines.forEach((line, index) => context.fillText(line, x + PADDING_PX, y + PADDING_PX + index * LINE_PX));
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
