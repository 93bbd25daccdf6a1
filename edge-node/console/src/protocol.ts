/**
 * What the node says on `/ws`, and the only door through which it enters the page.
 *
 * Every message is one JSON object in one text frame. Field names are the wire's own, units at the end of the name; angles
 * are degrees clockwise from true north, times are Unix milliseconds of the *picture* (not of any wall clock). Input is
 * never trusted: what does not fit is left out and counted, so one bad track cannot hide the others.
 */

/** The one protocol version this page understands. */
export const PROTOCOL = 1;

export const MODES = ["LIVE", "REPLAY", "SIM"] as const;
export const STATUSES = ["tentative", "confirmed", "coasted"] as const;
export const CLASSES = ["unknown", "air", "uav", "rotary", "surface", "ground", "emitter"] as const;
export const AFFILIATIONS = [
  "unknown",
  "pending",
  "assumed_friend",
  "friend",
  "neutral",
  "suspect",
  "hostile",
] as const;
export const SENSOR_STATES = ["ok", "degraded", "stale", "down"] as const;

export type Mode = (typeof MODES)[number];
export type TrackStatus = (typeof STATUSES)[number];
export type ObjectClass = (typeof CLASSES)[number];
export type Affiliation = (typeof AFFILIATIONS)[number];
export type SensorState = (typeof SENSOR_STATES)[number];

/** A point on the WGS-84 ellipsoid. */
export interface Position {
  lat_deg: number;
  lon_deg: number;
}

/** Horizontal 1-sigma error ellipse; the azimuth is that of the major axis. */
export interface Ellipse {
  major_m: number;
  minor_m: number;
  azimuth_deg: number;
}

/** One system track, valid at `time_ms`. Course and speed are absent while the track has no velocity yet. */
export interface Track extends Position {
  id: string;
  name: string;
  status: TrackStatus;
  height_m: number | null;
  course_deg: number | null;
  speed_m_s: number | null;
  ellipse: Ellipse | null;
  sigma_m: number | null;
  time_ms: number;
  class: ObjectClass;
  affiliation: Affiliation;
  address: string | null;
  callsign: string | null;
  sensors: string[];
  label: string;
  /** An estimate made elsewhere, which a sensor reported. */
  source_track: boolean;
  /** Ids that some of it had before, with the names of those: tracks that merged, or one that split. */
  former: Former[];
  /** When anybody last told of it, if that is too long ago: since then it is only reckoned on. */
  silent_since_ms: number | null;
  /** What a person said of it. */
  remark: Remark | null;
  /** Whose a person said that it is. */
  declared: Declared | null;
  /** Where it was lately as later measurements show it, oldest first; empty unless the node smooths. */
  trail: TrailPoint[];
}

/** What a track was called before. */
export interface Former {
  id: string;
  name: string;
}

/** Who said something, at which node, and when. */
export interface Said {
  /** `null` if nobody told a name. */
  who: string | null;
  by: string;
  time_ms: number;
}

export interface Remark extends Said {
  text: string;
}

export interface Declared extends Said {
  affiliation: Affiliation;
}

/** A place at a time. */
export interface TrailPoint extends Position {
  time_ms: number;
}

/** A line of bearing from a direction finder; the wedge is two sigmas to each side. */
export interface Bearing extends Position {
  id: string;
  sensor: string;
  /** The node that heard it, if it is not the one that shows it. */
  node: string | null;
  bearing_deg: number;
  sigma_deg: number;
  range_m: number | null;
  time_ms: number;
  label: string;
}

export interface Sensor extends Position {
  name: string;
  kind: string;
  range_m: number | null;
}

export interface SensorStatus {
  name: string;
  state: SensorState;
  rate_hz: number | null;
  age_s: number | null;
  errors: number;
}

export interface Hello {
  type: "hello";
  protocol: number;
  node: string;
  /** Absent when the node names none that this page knows: it must then not be taken for live. */
  mode: Mode | null;
  classification: string;
  origin: Position | null;
  sensors: Sensor[];
}

export interface Snapshot {
  type: "snapshot";
  time_ms: number;
  tracks: Track[];
  bearings: Bearing[];
}

export interface Update {
  type: "update";
  time_ms: number;
  tracks: Track[];
  bearings: Bearing[];
  gone: string[];
  /** Still in the picture, but outside of what the page looks at. */
  left: string[];
}

export interface Status {
  type: "status";
  time_ms: number;
  sensors: SensorStatus[];
  counters: Record<string, number>;
  /** Picture seconds per second; absent when the picture runs at its natural speed. */
  speed: number | null;
  /** Part of the recording already played, 0 to 1. */
  progress: number | null;
}

export type Message = Hello | Snapshot | Update | Status;

/** A decoded frame: the message, or nothing when it made no sense, and how many of its parts were left out. */
export interface Decoded {
  message: Message | null;
  refused: number;
  /** Number of the frame on its connection, rising by one; absent from an older node. */
  seq?: number;
}

/** Decodes one text frame. Messages of an unknown type are nothing, but no error: a newer node may send them. */
export function decode(text: string): Decoded {
  const frame = object(parseJson(text));
  if (frame === null) return { message: null, refused: 1 };
  const seq = number(frame.seq);
  return { ...message(frame), ...(seq === null ? {} : { seq }) };
}

function message(frame: Fields): Decoded {
  switch (frame.type) {
    case "hello":
      return hello(frame);
    case "snapshot":
      return snapshot(frame);
    case "update":
      return update(frame);
    case "status":
      return status(frame);
    default:
      return { message: null, refused: typeof frame.type === "string" ? 0 : 1 };
  }
}

function hello(frame: Fields): Decoded {
  const sensors = list(frame.sensors, sensor);
  const message: Hello = {
    type: "hello",
    protocol: number(frame.protocol) ?? 0,
    node: string(frame.node) ?? "",
    mode: oneOf(MODES, frame.mode),
    classification: string(frame.classification) ?? "",
    origin: position(object(frame.origin)),
    sensors: sensors.items,
  };
  return { message, refused: sensors.refused };
}

function snapshot(frame: Fields): Decoded {
  const time_ms = number(frame.time_ms);
  if (time_ms === null) return { message: null, refused: 1 };
  const tracks = list(frame.tracks, track);
  const bearings = list(frame.bearings, bearing);
  return {
    message: { type: "snapshot", time_ms, tracks: tracks.items, bearings: bearings.items },
    refused: tracks.refused + bearings.refused,
  };
}

function update(frame: Fields): Decoded {
  const time_ms = number(frame.time_ms);
  if (time_ms === null) return { message: null, refused: 1 };
  const tracks = list(frame.tracks, track);
  const bearings = list(frame.bearings, bearing);
  const gone = list(frame.gone, string);
  const left = list(frame.left, string);
  const lost = { gone: gone.items, left: left.items };
  return {
    message: { type: "update", time_ms, tracks: tracks.items, bearings: bearings.items, ...lost },
    refused: tracks.refused + bearings.refused + gone.refused + left.refused,
  };
}

function status(frame: Fields): Decoded {
  const time_ms = number(frame.time_ms);
  if (time_ms === null) return { message: null, refused: 1 };
  const sensors = list(frame.sensors, sensorStatus);
  return {
    message: {
      type: "status",
      time_ms,
      sensors: sensors.items,
      counters: counters(object(frame.counters)),
      speed: atLeastZero(frame.speed),
      progress: atLeastZero(frame.progress),
    },
    refused: sensors.refused,
  };
}

function track(value: unknown): Track | null {
  const fields = object(value);
  const at = position(fields);
  const id = string(fields?.id);
  const time_ms = number(fields?.time_ms);
  if (fields === null || at === null || id === null || id === "" || time_ms === null) return null;
  return {
    ...at,
    id,
    time_ms,
    name: string(fields.name) ?? id,
    status: oneOf(STATUSES, fields.status) ?? "tentative",
    height_m: number(fields.height_m),
    course_deg: number(fields.course_deg),
    speed_m_s: atLeastZero(fields.speed_m_s),
    ellipse: ellipse(object(fields.ellipse)),
    sigma_m: atLeastZero(fields.sigma_m),
    class: oneOf(CLASSES, fields.class) ?? "unknown",
    affiliation: oneOf(AFFILIATIONS, fields.affiliation) ?? "unknown",
    address: string(fields.address),
    callsign: string(fields.callsign),
    sensors: list(fields.sensors, string).items,
    label: string(fields.label) ?? "",
    source_track: fields.source_track === true,
    former: former(fields),
    silent_since_ms: fields.stale === true ? (number(fields.told_ms) ?? time_ms) : null,
    remark: remark(object(fields.remark)),
    declared: declared(object(fields.declared)),
    trail: list(fields.trail, trailPoint).items,
  };
}

/** Ids and names stand in lists of their own, side by side. */
function former(fields: Fields): Former[] {
  const names = list(fields.former_names, string).items;
  return list(fields.formerly, string).items.map((id, index) => ({ id, name: names[index] ?? id }));
}

function remark(fields: Fields | null): Remark | null {
  const text = string(fields?.text);
  const saying = said(fields);
  return text === null || text === "" || saying === null ? null : { text, ...saying };
}

function declared(fields: Fields | null): Declared | null {
  const affiliation = oneOf(AFFILIATIONS, fields?.affiliation);
  const saying = said(fields);
  return affiliation === null || saying === null ? null : { affiliation, ...saying };
}

function said(fields: Fields | null): Said | null {
  const time_ms = number(fields?.time_ms);
  return time_ms === null ? null : { time_ms, who: string(fields?.who), by: string(fields?.by) ?? "" };
}

/** `[time_ms, lat_deg, lon_deg]` */
function trailPoint(value: unknown): TrailPoint | null {
  if (!Array.isArray(value)) return null;
  const time_ms = number(value[0]);
  const at = position({ lat_deg: value[1], lon_deg: value[2] });
  return time_ms === null || at === null ? null : { ...at, time_ms };
}

function bearing(value: unknown): Bearing | null {
  const fields = object(value);
  const at = position(fields);
  const id = string(fields?.id);
  const time_ms = number(fields?.time_ms);
  const bearing_deg = number(fields?.bearing_deg);
  if (fields === null || at === null || id === null || time_ms === null || bearing_deg === null) return null;
  return {
    ...at,
    id,
    time_ms,
    bearing_deg,
    sensor: string(fields.sensor) ?? "",
    node: string(fields.node),
    sigma_deg: atLeastZero(fields.sigma_deg) ?? 0,
    range_m: atLeastZero(fields.range_m),
    label: string(fields.label) ?? "",
  };
}

function sensor(value: unknown): Sensor | null {
  const fields = object(value);
  const at = position(fields);
  const name = string(fields?.name);
  if (fields === null || at === null || name === null) return null;
  return { ...at, name, kind: string(fields.kind) ?? "", range_m: atLeastZero(fields.range_m) };
}

function sensorStatus(value: unknown): SensorStatus | null {
  const fields = object(value);
  const name = string(fields?.name);
  if (fields === null || name === null) return null;
  return {
    name,
    state: oneOf(SENSOR_STATES, fields.state) ?? "down",
    rate_hz: atLeastZero(fields.rate_hz),
    age_s: atLeastZero(fields.age_s),
    errors: atLeastZero(fields.errors) ?? 0,
  };
}

function ellipse(fields: Fields | null): Ellipse | null {
  const major_m = atLeastZero(fields?.major_m);
  const minor_m = atLeastZero(fields?.minor_m);
  const azimuth_deg = number(fields?.azimuth_deg);
  if (major_m === null || minor_m === null || azimuth_deg === null) return null;
  return { major_m, minor_m, azimuth_deg };
}

function counters(fields: Fields | null): Record<string, number> {
  const numbers = Object.entries(fields ?? {}).filter(([, value]) => number(value) !== null);
  return Object.fromEntries(numbers) as Record<string, number>;
}

function position(fields: Fields | null): Position | null {
  const lat_deg = number(fields?.lat_deg);
  const lon_deg = number(fields?.lon_deg);
  if (lat_deg === null || lon_deg === null || Math.abs(lat_deg) > 90 || Math.abs(lon_deg) > 360) return null;
  return { lat_deg, lon_deg };
}

type Fields = Record<string, unknown>;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function object(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function atLeastZero(value: unknown): number | null {
  const finite = number(value);
  return finite !== null && finite >= 0 ? finite : null;
}

function string(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function oneOf<T extends string>(allowed: readonly T[], value: unknown): T | null {
  return allowed.find((one) => one === value) ?? null;
}

function list<T>(value: unknown, item: (value: unknown) => T | null): { items: T[]; refused: number } {
  if (!Array.isArray(value)) return { items: [], refused: value === undefined || value === null ? 0 : 1 };
  const items = value.map(item).filter((one): one is T & {} => one !== null);
  return { items, refused: value.length - items.length };
}
