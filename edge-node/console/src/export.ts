/**
 * What is shown, as a file: GeoJSON (RFC 7946) and CSV (RFC 4180). Every file says how it is classified, of which moment it
 * is, and whether that was live; every track keeps its own label.
 */
import type { Track } from "./protocol.ts";

/** What is said of the whole. */
export interface Origin {
  node: string;
  /** The state the page showed: LIVE, REPLAY, SIM. */
  state: string;
  classification: string;
  time_ms: number;
}

const COLUMNS: readonly (readonly [string, (track: Track) => string | number | null])[] = [
  ["name", (track) => track.name],
  ["id", (track) => track.id],
  ["time", (track) => new Date(track.time_ms).toISOString()],
  ["lat_deg", (track) => track.lat_deg],
  ["lon_deg", (track) => track.lon_deg],
  ["height_m", (track) => track.height_m],
  ["course_deg", (track) => track.course_deg],
  ["speed_m_s", (track) => track.speed_m_s],
  ["sigma_m", (track) => track.sigma_m],
  ["status", (track) => track.status],
  ["class", (track) => track.class],
  ["affiliation", (track) => track.affiliation],
  ["callsign", (track) => track.callsign],
  ["address", (track) => track.address],
  ["sensors", (track) => track.sensors.join(" ")],
  ["label", (track) => track.label],
  ["remark", (track) => track.remark?.text ?? null],
];

export function geoJson(tracks: readonly Track[], origin: Origin): string {
  const features = tracks.map((track) => ({
    type: "Feature",
    id: track.id,
    geometry: { type: "Point", coordinates: [track.lon_deg, track.lat_deg] },
    properties: Object.fromEntries(COLUMNS.map(([name, value]) => [name, value(track)])),
  }));
  const time = new Date(origin.time_ms).toISOString();
  const { node, state, classification } = origin;
  return JSON.stringify({ type: "FeatureCollection", classification, node, state, time, features }, null, 1);
}

/** A head of comment lines would break spreadsheets, so that what is said of the whole stands in columns of every row. */
export function csv(tracks: readonly Track[], origin: Origin): string {
  const head = [...COLUMNS.map(([name]) => name), "node", "state", "classification"];
  const whole = [origin.node, origin.state, origin.classification];
  const rows = tracks.map((track) => [...COLUMNS.map(([, value]) => value(track)), ...whole]);
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/** A name that sorts by time and says what it is: `copmesh-REPLAY-20261121T171408Z.csv`. */
export function fileName({ state, time_ms }: Origin, kind: "geojson" | "csv"): string {
  const time = new Date(time_ms).toISOString().replace(/[-:]|\.\d+/g, "");
  return `copmesh-${state}-${time}.${kind}`;
}

/** Text that a spreadsheet would take for a formula is made plain text by an apostrophe. */
function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const plain = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
