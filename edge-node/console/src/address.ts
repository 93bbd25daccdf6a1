/**
 * What the address of the page says after its `#`: the view, the selected track, the filters and, in a replay, the moment,
 * so that a picture can be handed on as a link. It stays in the browser: what follows a `#` is never sent.
 */
import { type Filters, fromParameters, toParameters } from "./filters.ts";
import type { Position } from "./protocol.ts";

/** Middle and zoom of the map. */
export interface MapView extends Position {
  zoom: number;
}

export interface PageState {
  track: string | null;
  view: MapView | null;
  filters: Filters;
  /** Words in the field over the list. */
  search: string;
  /** The moment that is replayed, or `null` while live. */
  at_ms: number | null;
}

export function toHash({ track, view, filters, search, at_ms }: PageState): string {
  const parameters = new URLSearchParams(toParameters(filters));
  if (search !== "") parameters.set("find", search);
  if (track !== null) parameters.set("track", track);
  if (view !== null) parameters.set("view", viewText(view));
  if (at_ms !== null) parameters.set("t", new Date(at_ms).toISOString());
  const text = parameters.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return text === "" ? "" : `#${text}`;
}

export function fromHash(hash: string): PageState {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const at_ms = Date.parse(parameters.get("t") ?? "");
  return {
    track: parameters.get("track"),
    view: view(parameters.get("view") ?? ""),
    filters: fromParameters(parameters),
    search: parameters.get("find") ?? "",
    at_ms: Number.isFinite(at_ms) ? at_ms : null,
  };
}

function viewText({ lat_deg, lon_deg, zoom }: MapView): string {
  return `${lat_deg.toFixed(5)},${lon_deg.toFixed(5)},${Number(zoom.toFixed(2))}`;
}

function view(text: string): MapView | null {
  const parts = text.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  const [lat_deg, lon_deg, zoom] = parts;
  if (lat_deg === undefined || lon_deg === undefined || zoom === undefined || parts.length !== 3) return null;
  const sane = Math.abs(lat_deg) <= 90 && Math.abs(lon_deg) <= 360 && zoom >= 0 && zoom <= 25;
  return sane ? { lat_deg, lon_deg, zoom } : null;
}
