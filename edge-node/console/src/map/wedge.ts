/** A line of bearing on the ground: its centre line and the wedge of two sigmas to each side. */
import { destination } from "../geodesy.ts";
import type { Bearing, Position } from "../protocol.ts";
import { SIGMAS } from "./ellipse.ts";

/** Length of a line whose report gives none. */
export const RANGE_DEFAULT_M = 50_000;

/** A wedge is never drawn wider than this to one side: beyond, the bearing says nothing. */
export const HALF_ANGLE_DEG_MAX = 60;

/** Legs along the line, so that it follows the great circle and not the map's rhumb line. */
const LEGS = 8;

/** Points on the outer arc. */
const ARC_POINTS = 8;

export interface Wedge {
  /** Centre line from the sensor outwards. */
  line: Position[];
  /** Closed outline: from the sensor along the arc and back. */
  outline: Position[];
}

export function wedge(bearing: Bearing): Wedge {
  const range_m = bearing.range_m ?? RANGE_DEFAULT_M;
  const half_deg = Math.min(SIGMAS * bearing.sigma_deg, HALF_ANGLE_DEG_MAX);
  const line = steps(LEGS).map((part) => destination(bearing, bearing.bearing_deg, range_m * part));
  const arc = steps(ARC_POINTS).map((part) =>
    destination(bearing, bearing.bearing_deg + half_deg * (2 * part - 1), range_m),
  );
  return { line, outline: [{ lat_deg: bearing.lat_deg, lon_deg: bearing.lon_deg }, ...arc] };
}

/** 0 to 1 in `count` equal steps, both ends included. */
function steps(count: number): number[] {
  return Array.from({ length: count + 1 }, (_, index) => index / count);
}
