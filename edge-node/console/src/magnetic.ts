/**
 * Where a compass points: the declination of the World Magnetic Model 2025 at sea level, which is good to half a degree or
 * so away from the magnetic poles, and nothing is said of the deviation of the vehicle the compass stands in.
 */
import { magvar } from "magvar";
import { wrapBearing } from "./geodesy.ts";
import type { Position } from "./protocol.ts";

/** The years the model was made for: from the first, up to but not including the second. */
export const MODEL_YEARS = [2025, 2030] as const;

export interface Declination {
  /** Degrees that magnetic north lies east of true north. */
  east_deg: number;
  /** False when the picture is of a time that the model was not made for. */
  current: boolean;
}

export function declination(at: Position, time_ms: number): Declination {
  const year = decimalYear(time_ms);
  const [first, end] = MODEL_YEARS;
  const within = Math.min(Math.max(year, first), end - 0.01);
  return { east_deg: magvar(at.lat_deg, at.lon_deg, 0, within), current: within === year };
}

/** The same direction counted from magnetic north. */
export function magneticBearing(true_deg: number, { east_deg }: Declination): number {
  return wrapBearing(true_deg - east_deg);
}

function decimalYear(time_ms: number): number {
  const year = new Date(time_ms).getUTCFullYear();
  const [from, to] = [Date.UTC(year, 0), Date.UTC(year + 1, 0)];
  return year + (time_ms - from) / (to - from);
}
