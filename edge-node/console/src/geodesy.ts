/**
 * Positions on the WGS-84 ellipsoid for drawing: good to a few metres in ten kilometres, not for fusion.
 *
 * A line of some tens of kilometres is laid on the sphere that fits the ellipsoid at its start in its direction (Euler's
 * radius of curvature 1/R = cos²α/M + sin²α/N, with M the meridian and N the prime-vertical radius), so that ranges keep
 * their length, which one mean sphere would get wrong by up to 0.5 %.
 */
import type { Position } from "./protocol.ts";

const SEMI_MAJOR_M = 6_378_137;
const FLATTENING = 1 / 298.257223563;
const ECCENTRICITY_2 = FLATTENING * (2 - FLATTENING);

/** Length of the equator on WGS-84, which is the width of the Web Mercator world. */
export const EQUATOR_M = 2 * Math.PI * SEMI_MAJOR_M;

/** Beyond this age a position is no longer carried forward: the symbol stays where it would have been then. */
export const RECKONING_S_MAX = 30;

export interface RangeBearing {
  range_m: number;
  bearing_deg: number;
}

/** The point at `range_m` from `from` towards `azimuth_deg`. */
export function destination(from: Position, azimuth_deg: number, range_m: number): Position {
  const lat = radians(from.lat_deg);
  const azimuth = radians(azimuth_deg);
  const arc = range_m / radiusTowards(lat, azimuth);
  const sinLat = Math.sin(lat) * Math.cos(arc) + Math.cos(lat) * Math.sin(arc) * Math.cos(azimuth);
  const eastward = Math.sin(azimuth) * Math.sin(arc) * Math.cos(lat);
  const dLon = Math.atan2(eastward, Math.cos(arc) - Math.sin(lat) * sinLat);
  return { lat_deg: degrees(Math.asin(clampUnit(sinLat))), lon_deg: wrapLongitude(from.lon_deg + degrees(dLon)) };
}

/** Range and initial bearing from `from` to `to`, by the haversine formula on the fitting sphere halfway. */
export function rangeBearing(from: Position, to: Position): RangeBearing {
  const lat1 = radians(from.lat_deg);
  const lat2 = radians(to.lat_deg);
  const dLon = radians(to.lon_deg - from.lon_deg);
  const azimuth = Math.atan2(
    Math.sin(dLon) * Math.cos(lat2),
    Math.cos(lat1) * Math.sin(lat2) - Math.sin(lat1) * Math.cos(lat2) * Math.cos(dLon),
  );
  const h = Math.sin((lat2 - lat1) / 2) ** 2 + Math.cos(lat1) * Math.cos(lat2) * Math.sin(dLon / 2) ** 2;
  const arc = 2 * Math.asin(Math.sqrt(Math.min(1, h)));
  return { range_m: arc * radiusTowards((lat1 + lat2) / 2, azimuth), bearing_deg: wrapBearing(degrees(azimuth)) };
}

/** What dead reckoning needs of a track. */
export interface Moving extends Position {
  course_deg: number | null;
  speed_m_s: number | null;
  time_ms: number;
}

/** Where a track is at picture time `now_ms` if it kept course and speed; never carried on past `RECKONING_S_MAX`. */
export function deadReckon(track: Moving, now_ms: number): Position {
  const elapsed_s = Math.min(Math.max(0, now_ms - track.time_ms) / 1000, RECKONING_S_MAX);
  if (track.course_deg === null || track.speed_m_s === null || elapsed_s === 0) return track;
  return destination(track, track.course_deg, track.speed_m_s * elapsed_s);
}

/** Bearing in 0 ≤ b < 360. */
export function wrapBearing(bearing_deg: number): number {
  const wrapped = bearing_deg % 360;
  return wrapped < 0 ? wrapped + 360 : wrapped;
}

/** Longitude in −180 ≤ λ < 180. */
export function wrapLongitude(lon_deg: number): number {
  return wrapBearing(lon_deg + 180) - 180;
}

export function radians(deg: number): number {
  return (deg * Math.PI) / 180;
}

export function degrees(rad: number): number {
  return (rad * 180) / Math.PI;
}

function radiusTowards(lat: number, azimuth: number): number {
  const w2 = 1 - ECCENTRICITY_2 * Math.sin(lat) ** 2;
  const primeVertical = SEMI_MAJOR_M / Math.sqrt(w2);
  const meridian = (primeVertical * (1 - ECCENTRICITY_2)) / w2;
  return 1 / (Math.cos(azimuth) ** 2 / meridian + Math.sin(azimuth) ** 2 / primeVertical);
}

function clampUnit(value: number): number {
  return Math.min(1, Math.max(-1, value));
}
