/** Which tracks are in the view, where they are by dead reckoning, and how fresh they look. */
import { opacity, told_ms } from "../fading.ts";
import { deadReckon } from "../geodesy.ts";
import type { Position, Track } from "../protocol.ts";
import type { Entry } from "../track-store.ts";
import { type Point, type View, inView, project } from "./view.ts";

/** Above this many tracks in view each is a dot, and only the selected one is drawn in full. */
export const FULL_SYMBOLS_MAX = 900;

/** One track on the screen. */
export interface Placed extends Point {
  entry: Entry;
  track: Track;
  at: Position;
  age_s: number;
  alpha: number;
}

/** The tracks within `margin` pixels of the view, at picture time `now_ms`. */
export function placeTracks(entries: Iterable<Entry>, view: View, now_ms: number, margin: number): Placed[] {
  const placed: Placed[] = [];
  for (const entry of entries) {
    const at = deadReckon(entry.track, now_ms);
    const point = project(view, at);
    if (!inView(view, point, margin)) continue;
    const age_s = Math.max(0, now_ms - told_ms(entry.track)) / 1000;
    placed.push({ entry, track: entry.track, at, x: point.x, y: point.y, age_s, alpha: opacity(age_s) });
  }
  return placed;
}

/** The track nearest to a point, if any is within `reach` pixels. */
export function nearest(placed: readonly Placed[], point: Point, reach: number): Placed | null {
  let best: Placed | null = null;
  let best2 = reach * reach;
  for (const one of placed) {
    const distance2 = (one.x - point.x) ** 2 + (one.y - point.y) ** 2;
    if (distance2 > best2) continue;
    best = one;
    best2 = distance2;
  }
  return best;
}
