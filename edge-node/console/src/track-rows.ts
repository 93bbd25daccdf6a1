/** The track list as data: which tracks, in which order. Pure, so that the table only has to show it. */
import { told_ms } from "./fading.ts";
import { affiliation, className } from "./format.ts";
import type { Track } from "./protocol.ts";

export const COLUMNS = ["name", "class", "speed", "course", "sigma", "age"] as const;
export type Column = (typeof COLUMNS)[number];

export interface Order {
  column: Column;
  descending: boolean;
}

/** The order after a click on a column's head: the same column turns round, another starts rising. */
export function nextOrder(order: Order, column: Column): Order {
  return { column, descending: order.column === column && !order.descending };
}

/** Whether a track answers to every word of a filter, by name, identity, kind, sensor or status. */
export function matches(track: Track, filter: string): boolean {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return true;
  const text = [
    track.name,
    track.id,
    track.callsign ?? "",
    track.address ?? "",
    className(track.class),
    track.class,
    affiliation(track.affiliation),
    track.status,
    ...track.sensors,
  ]
    .join(" ")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

/** The tracks in order; what is not known comes last either way, and equals stand by name and id. */
export function sorted(tracks: readonly Track[], order: Order): Track[] {
  const sign = order.descending ? -1 : 1;
  const key = KEYS[order.column];
  return [...tracks].sort((a, b) => compare(key(a), key(b), sign) || byName(a, b));
}

/** Names as people count: T9 before T10. */
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

type Key = string | number | null;

const KEYS: Record<Column, (track: Track) => Key> = {
  name: (track) => track.name,
  class: (track) => className(track.class),
  speed: (track) => track.speed_m_s,
  course: (track) => track.course_deg,
  sigma: (track) => track.sigma_m,
  age: (track) => -told_ms(track),
};

function compare(a: Key, b: Key, sign: number): number {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
  if (typeof a === "string" || typeof b === "string") return sign * collator.compare(String(a), String(b));
  return sign * (a - b);
}

function byName(a: Track, b: Track): number {
  return collator.compare(a.name, b.name) || collator.compare(a.id, b.id);
}
