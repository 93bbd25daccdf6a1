/** From the error ellipse on the ground to the one on the screen. */
import { radians } from "../geodesy.ts";
import type { Ellipse } from "../protocol.ts";

/** The map shows two sigmas: in two dimensions the truth lies inside 86 times of 100. */
export const SIGMAS = 2;

/** An ellipse as `CanvasRenderingContext2D.ellipse` takes it: `rotation` clockwise from the x axis, as y points down. */
export interface ScreenEllipse {
  radius_x: number;
  radius_y: number;
  rotation: number;
}

/** The `SIGMAS` ellipse in pixels. Azimuth 0 (north) points up the screen, which is −90° from the x axis. */
export function screenEllipse(ellipse: Ellipse, metres_per_pixel: number): ScreenEllipse {
  return {
    radius_x: (SIGMAS * ellipse.major_m) / metres_per_pixel,
    radius_y: (SIGMAS * ellipse.minor_m) / metres_per_pixel,
    rotation: radians(ellipse.azimuth_deg - 90),
  };
}
