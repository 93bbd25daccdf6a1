/** Tracks for the tests: one plain one, and what differs. */
import type { Track } from "../src/protocol.ts";

export const NOON_MS = Date.UTC(2026, 10, 21, 12, 0, 0);

export function track(part: Partial<Track> = {}): Track {
  return {
    id: "a",
    name: "T0001",
    status: "confirmed",
    lat_deg: 54,
    lon_deg: 18,
    height_m: 1000,
    course_deg: 90,
    speed_m_s: 100,
    ellipse: { major_m: 200, minor_m: 100, azimuth_deg: 30 },
    sigma_m: 158,
    time_ms: NOON_MS,
    class: "air",
    affiliation: "unknown",
    address: null,
    callsign: null,
    sensors: ["radar-n"],
    label: "UNCLASSIFIED",
    source_track: false,
    former: [],
    silent_since_ms: null,
    remark: null,
    declared: null,
    trail: [],
    ...part,
  };
}
