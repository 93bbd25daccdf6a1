/**
 * The part of the world on the screen: Web Mercator (EPSG:3857) in CSS pixels, as Leaflet and every tile server use it.
 * It is conformal, so an ellipse or an angle on the ground keeps its shape on the screen.
 */
import { EQUATOR_M, degrees, radians } from "../geodesy.ts";
import type { Position } from "../protocol.ts";

/** Width of the world in pixels at zoom 0. */
export const TILE_PX = 256;

/** Web Mercator ends here: the map is square at this latitude. */
export const LAT_MAX_DEG = 85.0511287798;

export interface Point {
  x: number;
  y: number;
}

/** A rectangle of the world: its top left corner in world pixels of its zoom, and its size. */
export interface View {
  zoom: number;
  left: number;
  top: number;
  width: number;
  height: number;
}

export function worldPx(view: View): number {
  return TILE_PX * 2 ** view.zoom;
}

/** Where a position is in the view; of the world's copies, the one nearest to the middle. */
export function project(view: View, at: Position): Point {
  const world = worldPx(view);
  const sinLat = Math.sin(radians(Math.min(LAT_MAX_DEG, Math.max(-LAT_MAX_DEG, at.lat_deg))));
  const x = world * (0.5 + at.lon_deg / 360) - view.left;
  const y = world * (0.5 - Math.log((1 + sinLat) / (1 - sinLat)) / (4 * Math.PI)) - view.top;
  return { x: x - world * Math.round((x - view.width / 2) / world), y };
}

/** The position under a point of the view; the longitude is not wrapped. */
export function unproject(view: View, point: Point): Position {
  const world = worldPx(view);
  const mercator = Math.PI * (1 - (2 * (point.y + view.top)) / world);
  return { lat_deg: degrees(Math.atan(Math.sinh(mercator))), lon_deg: 360 * ((point.x + view.left) / world - 0.5) };
}

/** Metres on the ground per pixel at a latitude (the ellipsoid's flattening is below a pixel's width here). */
export function metresPerPixel(view: View, lat_deg: number): number {
  return (EQUATOR_M * Math.cos(radians(lat_deg))) / worldPx(view);
}

/** Whether a point is in the view or within `margin` pixels of it. */
export function inView(view: View, point: Point, margin: number): boolean {
  return (
    point.x >= -margin && point.x <= view.width + margin && point.y >= -margin && point.y <= view.height + margin
  );
}
