/** Numbers and times as an operator reads them. Pure text in, text out; `—` stands for what is not known. */
import type { Affiliation, ObjectClass, Position } from "./protocol.ts";
import { wrapBearing } from "./geodesy.ts";

export const UNKNOWN = "—";

const KNOTS_PER_M_S = 3600 / 1852;
const FEET_PER_M = 1 / 0.3048;
const NBSP = "\u00a0";
const THIN = "\u202f";
const MINUS = "\u2212";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Age in the unit that fits: `0.4 s`, `42 s`, `3 min 05 s`, `2 h 07 min`. */
export function age(age_s: number | null): string {
  if (age_s === null || !Number.isFinite(age_s)) return UNKNOWN;
  const seconds = Math.max(0, age_s);
  if (seconds < 9.95) return `${seconds.toFixed(1)}${NBSP}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}${NBSP}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}${NBSP}min${NBSP}${two(whole % 60)}${NBSP}s`;
  return `${Math.floor(whole / 3600)}${NBSP}h${NBSP}${two(Math.floor((whole % 3600) / 60))}${NBSP}min`;
}

/** Age in seconds for a table column, where the head names the unit. */
export function ageColumn(age_s: number): string {
  const seconds = Math.max(0, age_s);
  return seconds < 99.95 ? seconds.toFixed(1) : grouped(Math.round(seconds));
}

/** Course or bearing as three digits: `007°`. */
export function bearing(bearing_deg: number | null): string {
  if (bearing_deg === null) return UNKNOWN;
  return `${String(Math.round(wrapBearing(bearing_deg)) % 360).padStart(3, "0")}°`;
}

/** Length in metres or kilometres, three figures or so: `850 m`, `12.3 km`. */
export function length(length_m: number | null): string {
  if (length_m === null) return UNKNOWN;
  if (length_m < 9.95) return `${length_m.toFixed(1)}${NBSP}m`;
  if (length_m < 999.5) return `${Math.round(length_m)}${NBSP}m`;
  const km = length_m / 1000;
  return `${km < 99.95 ? km.toFixed(1) : grouped(Math.round(km))}${NBSP}km`;
}

/** Length in nautical miles: `4.57 NM`, `12.3 NM`. */
export function nauticalMiles(length_m: number): string {
  const miles = length_m / 1852;
  return `${miles < 9.995 ? miles.toFixed(2) : miles < 99.95 ? miles.toFixed(1) : grouped(Math.round(miles))}${NBSP}NM`;
}

/** A round length without needless digits: `90 km`, `2.5 km`, `500 m`. */
export function roundLength(length_m: number): string {
  if (length_m < 1000) return `${Number(length_m.toPrecision(3))}${NBSP}m`;
  return `${Number((length_m / 1000).toPrecision(3))}${NBSP}km`;
}

/** Speed with its aviation twin: `61 m/s · 119 kn`. */
export function speed(speed_m_s: number | null): string {
  if (speed_m_s === null) return UNKNOWN;
  const metric = speed_m_s < 9.95 ? speed_m_s.toFixed(1) : grouped(Math.round(speed_m_s));
  return `${metric}${NBSP}m/s · ${grouped(Math.round(speed_m_s * KNOTS_PER_M_S))}${NBSP}kn`;
}

/** Height with its aviation twin: `3 048 m · 10 000 ft`. */
export function height(height_m: number | null): string {
  if (height_m === null) return UNKNOWN;
  return `${grouped(Math.round(height_m))}${NBSP}m · ${grouped(Math.round(height_m * FEET_PER_M))}${NBSP}ft`;
}

/** Degrees and minutes to a thousandth (about two metres): `54°21.350′N 018°39.120′E`. */
export function position(at: Position): string {
  return `${degreesMinutes(at.lat_deg, 2, "N", "S")} ${degreesMinutes(at.lon_deg, 3, "E", "W")}`;
}

/** Decimal degrees for copying into other tools: `54.355833, 18.652000`. */
export function decimalPosition(at: Position): string {
  return `${at.lat_deg.toFixed(6)}, ${at.lon_deg.toFixed(6)}`;
}

/** A graticule line: `54°30′N`, with as many digits as the spacing needs. */
export function graticuleLabel(value_deg: number, spacing_deg: number, positive: string, negative: string): string {
  const hemisphere = Math.abs(value_deg) < 1e-9 ? "" : value_deg > 0 ? positive : negative;
  const minutes = Math.abs(value_deg) * 60;
  if (spacing_deg >= 1) return `${Math.round(minutes / 60)}°${hemisphere}`;
  const decimals = spacing_deg >= 1 / 60 ? 0 : spacing_deg >= 1 / 600 ? 1 : 2;
  const scaled = Math.round(minutes * 10 ** decimals) / 10 ** decimals;
  const rest = (scaled % 60).toFixed(decimals).padStart(decimals === 0 ? 2 : 3 + decimals, "0");
  return `${Math.floor(scaled / 60)}°${rest}′${hemisphere}`;
}

/** Date of a picture time in UTC: `21 Nov 2026`. */
export function utcDate(time_ms: number): string {
  const at = new Date(time_ms);
  return `${two(at.getUTCDate())} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
}

/** Time of day of a picture time in UTC: `17:14:08Z`. */
export function utcTime(time_ms: number): string {
  const at = new Date(time_ms);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}Z`;
}

/** Whole number in groups of three: `12 345`. */
export function grouped(value: number): string {
  const digits = String(Math.abs(Math.round(value))).replace(/\B(?=(\d{3})+$)/g, THIN);
  return value <= -0.5 ? `${MINUS}${digits}` : digits;
}

export function rate(rate_hz: number | null): string {
  if (rate_hz === null) return UNKNOWN;
  return `${rate_hz < 99.95 ? rate_hz.toFixed(1) : grouped(rate_hz)}/s`;
}

/** Replay speed: `1×`, `0.5×`, `paused`. */
export function replaySpeed(speed: number): string {
  if (speed === 0) return "paused";
  return `${Number(speed.toPrecision(2))}×`;
}

/** The 24-bit address without its scheme, and the scheme in words: `ICAO 4B1234`. */
export function address(value: string | null): string {
  if (value === null || value === "") return UNKNOWN;
  const [scheme, rest] = value.split(/:(.*)/s);
  return rest === undefined ? value : `${(scheme ?? "").toUpperCase()} ${rest}`;
}

const CLASS_NAMES: Record<ObjectClass, string> = {
  unknown: "Unknown",
  air: "Aircraft",
  uav: "UAV",
  rotary: "Rotary wing",
  surface: "Surface",
  ground: "Ground",
  emitter: "Emitter",
};

export function className(value: ObjectClass): string {
  return CLASS_NAMES[value];
}

/** Affiliation in words: `assumed friend`. */
export function affiliation(value: Affiliation): string {
  return value.replace("_", " ");
}

function degreesMinutes(value_deg: number, digits: number, positive: string, negative: string): string {
  const thousandths = Math.round(Math.abs(value_deg) * 60_000);
  const whole = Math.floor(thousandths / 60_000);
  const minutes = ((thousandths % 60_000) / 1000).toFixed(3).padStart(6, "0");
  return `${String(whole).padStart(digits, "0")}°${minutes}′${value_deg < 0 ? negative : positive}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
