/**
 * Which tracks the operator wants to see. What is not known never hides a track: one without a height passes every height
 * filter, since a filter must not make a threat disappear for want of a number.
 */
import { told_ms } from "./fading.ts";
import { AFFILIATIONS, type Affiliation, CLASSES, type ObjectClass, type Track } from "./protocol.ts";

/** A closed interval; `null` is open to that side. */
export interface Interval {
  min: number | null;
  max: number | null;
}

export interface Filters {
  /** Only these; none named means all. */
  affiliations: readonly Affiliation[];
  classes: readonly ObjectClass[];
  /** A contributing sensor, `""` for any. */
  sensor: string;
  /** The exact label, `""` for any. */
  label: string;
  age_s_max: number | null;
  height_m: Interval;
  speed_m_s: Interval;
}

const OPEN: Interval = { min: null, max: null };

export const NO_FILTERS: Filters = {
  affiliations: [],
  classes: [],
  sensor: "",
  label: "",
  age_s_max: null,
  height_m: OPEN,
  speed_m_s: OPEN,
};

/** Whether a track may be seen at picture time `now_ms`. */
export function passes(track: Track, filters: Filters, now_ms: number): boolean {
  return (
    allows(filters.affiliations, track.affiliation) &&
    allows(filters.classes, track.class) &&
    (filters.sensor === "" || track.sensors.includes(filters.sensor)) &&
    (filters.label === "" || track.label === filters.label) &&
    (filters.age_s_max === null || now_ms - told_ms(track) <= filters.age_s_max * 1000) &&
    within(track.height_m, filters.height_m) &&
    within(track.speed_m_s, filters.speed_m_s)
  );
}

/** How many of the seven filters hold something back. */
export function activeCount(filters: Filters): number {
  const isSet = [
    filters.affiliations.length > 0,
    filters.classes.length > 0,
    filters.sensor !== "",
    filters.label !== "",
    filters.age_s_max !== null,
    isBounded(filters.height_m),
    isBounded(filters.speed_m_s),
  ];
  return isSet.filter(Boolean).length;
}

/** The filters as parameters of an address; those that are open are left out. */
export function toParameters(filters: Filters): [string, string][] {
  const all: [string, string][] = [
    ["side", filters.affiliations.join(",")],
    ["class", filters.classes.join(",")],
    ["sensor", filters.sensor],
    ["label", filters.label],
    ["age", filters.age_s_max === null ? "" : String(filters.age_s_max)],
    ["height", intervalText(filters.height_m)],
    ["speed", intervalText(filters.speed_m_s)],
  ];
  return all.filter(([, text]) => text !== "");
}

/** The filters an address names; what makes no sense in it is passed over. */
export function fromParameters(parameters: URLSearchParams): Filters {
  const text = (name: string): string => parameters.get(name) ?? "";
  return {
    affiliations: named(AFFILIATIONS, text("side")),
    classes: named(CLASSES, text("class")),
    sensor: text("sensor"),
    label: text("label"),
    age_s_max: number(text("age")),
    height_m: interval(text("height")),
    speed_m_s: interval(text("speed")),
  };
}

/** The list with `value` taken in, or out if it was in. */
export function toggled<T>(list: readonly T[], value: T): T[] {
  return list.includes(value) ? list.filter((one) => one !== value) : [...list, value];
}

/** A number as typed; nothing for an empty or senseless field. */
export function number(text: string): number | null {
  const value = Number(text);
  return text.trim() === "" || !Number.isFinite(value) ? null : value;
}

function allows<T>(list: readonly T[], value: T): boolean {
  return list.length === 0 || list.includes(value);
}

function within(value: number | null, { min, max }: Interval): boolean {
  return value === null || ((min === null || value >= min) && (max === null || value <= max));
}

function isBounded({ min, max }: Interval): boolean {
  return min !== null || max !== null;
}

function intervalText(one: Interval): string {
  return isBounded(one) ? `${one.min ?? ""}..${one.max ?? ""}` : "";
}

function interval(text: string): Interval {
  const [min, max] = text.split("..");
  return text.includes("..") ? { min: number(min ?? ""), max: number(max ?? "") } : OPEN;
}

function named<T extends string>(known: readonly T[], text: string): T[] {
  const wanted = text.split(",");
  return known.filter((one) => wanted.includes(one));
}
