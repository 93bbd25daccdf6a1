/** Lines of latitude and longitude for a view, and lengths for the scale bar: round numbers that fit the zoom. */
import { type View, LAT_MAX_DEG, unproject } from "./view.ts";

/** Spacings an operator can read off, in degrees: whole degrees, then minutes, halves and tenths of a minute. */
const SPACINGS_DEG = [30, 20, 10, 5, 2, 1, ...[30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05].map((minutes) => minutes / 60)];

/** Lines are at least this far apart on the screen. */
const LINES_APART_PX = 110;

/** More lines than this are never drawn in one direction. */
export const LINES_MAX = 64;

export interface Graticule {
  spacing_deg: number;
  /** Latitudes of the parallels, from south to north. */
  parallels_deg: number[];
  /** Longitudes of the meridians, from west to east, not wrapped. */
  meridians_deg: number[];
}

export function graticule(view: View): Graticule {
  const northWest = unproject(view, { x: 0, y: 0 });
  const southEast = unproject(view, { x: view.width, y: view.height });
  const per_px = (southEast.lon_deg - northWest.lon_deg) / view.width;
  const spacing_deg = SPACINGS_DEG.findLast((spacing) => spacing >= per_px * LINES_APART_PX) ?? SPACINGS_DEG[0] ?? 30;
  return {
    spacing_deg,
    parallels_deg: multiples(spacing_deg, Math.max(-LAT_MAX_DEG, southEast.lat_deg), northWest.lat_deg),
    meridians_deg: multiples(spacing_deg, northWest.lon_deg, southEast.lon_deg),
  };
}

/** Multiples of `step` between two values, both included. */
export function multiples(step: number, from: number, to: number): number[] {
  const first = Math.ceil(from / step - 1e-9);
  const count = Math.min(LINES_MAX, Math.floor(to / step + 1e-9) - first + 1);
  return Array.from({ length: Math.max(0, count) }, (_, index) => (first + index) * step);
}

/** The longest of 1, 2, 5 × 10ⁿ that is not above `limit`. */
export function roundLength(limit: number): number {
  const decade = 10 ** Math.floor(Math.log10(limit));
  const part = limit / decade;
  return decade * (part >= 5 ? 5 : part >= 2 ? 2 : 1);
}
