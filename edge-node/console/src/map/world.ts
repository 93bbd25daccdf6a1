/**
 * The outlines that come with the page: land and borders of Natural Earth at 1:50 million, good to a kilometre or two. They
 * say where one is, no more. Each ring is kept in Web Mercator units of the whole world, so that drawing is a multiplication.
 */
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import { type View, LAT_MAX_DEG, worldPx } from "./view.ts";
import { radians } from "../geodesy.ts";

/** Points closer together than this on the screen are one. */
const THIN_PX = 0.8;

/** A line of points `x, y, x, y, …`, each 0 to 1 across the world, with the box around it. */
interface Outline {
  points: Float64Array;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface World {
  land: readonly Outline[];
  borders: readonly Outline[];
}

type Atlas = Topology<{ countries: GeometryCollection; land: GeometryCollection }>;

/** Fetches and reads the outlines; `null` if they cannot be had, and then there is just no land. */
export async function loadWorld(path: string): Promise<World | null> {
  try {
    const response = await fetch(path);
    return response.ok ? readWorld((await response.json()) as Atlas) : null;
  } catch {
    return null;
  }
}

function readWorld(atlas: Atlas): World {
  const { countries, land } = atlas.objects;
  const shapes = feature(atlas, land).features.map(({ geometry }) => geometry);
  const rings = shapes.flatMap((one) => (one.type === "MultiPolygon" ? one.coordinates.flat() : []));
  const between = mesh(atlas, countries, (a, b) => a !== b).coordinates;
  return { land: rings.map(outline), borders: between.map(outline) };
}

/** Adds those outlines that touch the view to the path, in every copy of the world on the screen. */
export function traceOutlines(
  context: CanvasRenderingContext2D,
  view: View,
  outlines: readonly Outline[],
  closed: boolean,
): void {
  const world = worldPx(view);
  const [left, right] = [view.left / world, (view.left + view.width) / world];
  const [top, bottom] = [view.top / world, (view.top + view.height) / world];
  for (let copy = Math.floor(left); copy <= Math.floor(right); copy += 1) {
    for (const one of outlines) {
      const outside =
        one.right + copy < left || one.left + copy > right || one.bottom < top || one.top > bottom;
      if (!outside) traceOne(context, one.points, world, copy * world - view.left, -view.top, closed);
    }
  }
}

function traceOne(
  context: CanvasRenderingContext2D,
  points: Float64Array,
  world: number,
  dx: number,
  dy: number,
  closed: boolean,
): void {
  let [lastX, lastY] = [Infinity, Infinity];
  for (let index = 0; index < points.length; index += 2) {
    const x = (points[index] ?? 0) * world + dx;
    const y = (points[index + 1] ?? 0) * world + dy;
    if (Math.abs(x - lastX) < THIN_PX && Math.abs(y - lastY) < THIN_PX && index + 2 < points.length) continue;
    if (index === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
    [lastX, lastY] = [x, y];
  }
  if (closed) context.closePath();
}

function outline(ring: readonly (readonly number[])[]): Outline {
  const points = new Float64Array(2 * ring.length);
  const box = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  ring.forEach(([lon_deg = 0, lat_deg = 0], index) => {
    const sinLat = Math.sin(radians(Math.min(LAT_MAX_DEG, Math.max(-LAT_MAX_DEG, lat_deg))));
    const x = 0.5 + lon_deg / 360;
    const y = 0.5 - Math.log((1 + sinLat) / (1 - sinLat)) / (4 * Math.PI);
    points.set([x, y], 2 * index);
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y);
  });
  return { points, ...box };
}
