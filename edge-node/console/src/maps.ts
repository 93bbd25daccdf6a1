/** The maps on the node's own disk, as `/maps.json` lists them. Tiles are asked of the node and of nobody else. */

export interface LocalMap {
  name: string;
  zoom_min: number;
  zoom_max: number;
  /** West, south, east, north of what it covers, in degrees; `null` if that is not told. */
  bounds: readonly [number, number, number, number] | null;
  /** Who made it, as its licence asks to be told; empty if nobody does. */
  attribution: string;
}

/** Deeper than this no map is drawn. */
const ZOOM_MAX = 22;

/** What a browser can draw by itself. A map of vectors is not offered. */
const FORMATS = ["png", "jpg", "jpeg", "webp", "avif"];

/** Reads `{"maps":[{name, format, min_zoom, max_zoom, bounds, attribution}]}`; what cannot be drawn is left out. */
export function readMaps(body: unknown): LocalMap[] {
  const list = typeof body === "object" && body !== null ? (body as { maps?: unknown }).maps : undefined;
  return Array.isArray(list) ? list.map(localMap).filter((one): one is LocalMap => one !== null) : [];
}

/** Where the tiles are, for Leaflet to fill in. */
export function tileAddress({ name }: LocalMap): string {
  return `maps/${encodeURIComponent(name)}/{z}/{x}/{y}`;
}

function localMap(value: unknown): LocalMap | null {
  if (typeof value !== "object" || value === null) return null;
  const { name, format, min_zoom, max_zoom, bounds, attribution } = value as Record<string, unknown>;
  if (typeof name !== "string" || name === "" || !FORMATS.includes(String(format))) return null;
  return {
    name,
    zoom_min: zoom(min_zoom) ?? 0,
    zoom_max: zoom(max_zoom) ?? ZOOM_MAX,
    bounds: edges(bounds),
    attribution: typeof attribution === "string" ? attribution : "",
  };
}

function zoom(value: unknown): number | null {
  return typeof value === "number" ? Math.min(ZOOM_MAX, Math.max(0, value)) : null;
}

function edges(value: unknown): LocalMap["bounds"] {
  if (!Array.isArray(value) || value.length !== 4 || !value.every((edge) => Number.isFinite(edge))) return null;
  const [west, south, east, north] = value as [number, number, number, number];
  return west < east && south < north ? [west, south, east, north] : null;
}
