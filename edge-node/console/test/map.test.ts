import assert from "node:assert/strict";
import { test } from "node:test";
import { rangeBearing } from "../src/geodesy.ts";
import { SIGMAS, screenEllipse } from "../src/map/ellipse.ts";
import { LINES_MAX, graticule, multiples, roundLength } from "../src/map/graticule.ts";
import { nearest, placeTracks } from "../src/map/placement.ts";
import { type View, inView, metresPerPixel, project, unproject } from "../src/map/view.ts";
import { HALF_ANGLE_DEG_MAX, wedge } from "../src/map/wedge.ts";
import { Trail } from "../src/trail.ts";
import { NOON_MS, track } from "./samples.ts";

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);

/** A view of 800 × 600 pixels with a position in its middle. */
function viewOf(lat_deg: number, lon_deg: number, zoom: number): View {
  const world = project({ zoom, left: 0, top: 0, width: 0, height: 0 }, { lat_deg, lon_deg: 0 });
  const middle = 256 * 2 ** zoom * (lon_deg / 360 + 0.5);
  return { zoom, left: middle - 400, top: world.y - 300, width: 800, height: 600 };
}

const entry = (part: Parameters<typeof track>[0] = {}) => ({ track: track(part), trail: new Trail() });

test("null island lies in the middle of the world", () => {
  const world = { zoom: 0, left: 0, top: 0, width: 256, height: 256 };
  assert.deepEqual(project(world, { lat_deg: 0, lon_deg: 0 }), { x: 128, y: 128 });
});

test("unproject undoes project", () => {
  const view = viewOf(54, 18, 9);
  const at = unproject(view, project(view, { lat_deg: 54.3, lon_deg: 18.4 }));
  near(at.lat_deg, 54.3, 1e-9);
  near(at.lon_deg, 18.4, 1e-9);
});

test("a view across the antimeridian shows both sides", () => {
  const view = viewOf(0, 180, 8);
  assert.equal(inView(view, project(view, { lat_deg: 0, lon_deg: -179.9 }), 0), true);
  assert.equal(inView(view, project(view, { lat_deg: 0, lon_deg: 179.9 }), 0), true);
});

test("pixels measure the ground: a known range has its length on the screen", () => {
  const view = viewOf(54, 18, 10);
  const [a, b] = [{ lat_deg: 54, lon_deg: 18 }, { lat_deg: 54, lon_deg: 18.1 }];
  const { range_m } = rangeBearing(a, b);
  near(project(view, b).x - project(view, a).x, range_m / metresPerPixel(view, 54), 0.5);
});

test("an ellipse is drawn at two sigmas with north up the screen", () => {
  const drawn = screenEllipse({ major_m: 300, minor_m: 100, azimuth_deg: 0 }, 10);
  assert.equal(drawn.radius_x, (SIGMAS * 300) / 10);
  assert.equal(drawn.radius_y, (SIGMAS * 100) / 10);
  // The major axis lies along (cos, sin) of the rotation, with y pointing down: north is (0, −1).
  near(Math.cos(drawn.rotation), 0, 1e-12);
  near(Math.sin(drawn.rotation), -1, 1e-12);
});

test("an ellipse that leans east leans right", () => {
  const { rotation } = screenEllipse({ major_m: 300, minor_m: 100, azimuth_deg: 45 }, 10);
  near(Math.cos(rotation), Math.SQRT1_2, 1e-12);
  near(Math.sin(rotation), -Math.SQRT1_2, 1e-12);
});

test("only tracks in the view are placed, with their age", () => {
  const view = viewOf(54, 18, 9);
  const placed = placeTracks([entry(), entry({ id: "far", lat_deg: -10 })], view, NOON_MS + 2_000, 0);
  assert.deepEqual(placed.map((one) => one.track.id), ["a"]);
  assert.equal(placed[0]?.age_s, 2);
  near(placed[0]?.y ?? 0, 300, 0.01);
  assert.ok((placed[0]?.x ?? 0) > 400, "carried east");
});

test("the nearest track within reach is picked, none beyond", () => {
  const view = viewOf(54, 18, 9);
  const placed = placeTracks([entry({ id: "a" }), entry({ id: "b", lat_deg: 54.02 })], view, NOON_MS, 0);
  assert.equal(nearest(placed, { x: 401, y: 301 }, 20)?.track.id, "a");
  assert.equal(nearest(placed, { x: 500, y: 300 }, 20), null);
});

test("a graticule has round, bounded lines at every zoom", () => {
  for (let zoom = 2; zoom <= 19; zoom += 0.25) {
    const { spacing_deg, parallels_deg, meridians_deg } = graticule(viewOf(54.4, 18.6, zoom));
    assert.ok(meridians_deg.length >= 1 && meridians_deg.length <= 12, `zoom ${zoom}: ${meridians_deg.length}`);
    assert.ok(parallels_deg.length <= LINES_MAX);
    for (const lon_deg of meridians_deg) near(lon_deg / spacing_deg, Math.round(lon_deg / spacing_deg), 1e-6);
  }
});

test("multiples include both ends", () => {
  assert.deepEqual(multiples(10, -10, 20), [-10, 0, 10, 20]);
  assert.deepEqual(multiples(10, 1, 9), []);
});

test("scale bars are one, two or five times a power of ten", () => {
  assert.deepEqual([9.9, 10, 49, 1999, 0.35].map(roundLength), [5, 10, 20, 1000, 0.2]);
});

test("a wedge spans two sigmas to each side of its line", () => {
  const report = { id: "x", sensor: "df", node: null, time_ms: 0, label: "", lat_deg: 54, lon_deg: 18 };
  const { line, outline } = wedge({ ...report, bearing_deg: 350, sigma_deg: 5, range_m: 20_000 });
  const [left, right] = [outline[1], outline.at(-1)].map((at) => rangeBearing(report, at ?? report));
  near(left?.bearing_deg ?? 0, 340, 0.01);
  near(right?.bearing_deg ?? 0, 0, 0.01);
  near(right?.range_m ?? 0, 20_000, 10);
  near(rangeBearing(report, line.at(-1) ?? report).bearing_deg, 350, 0.01);
});

test("a bearing that says nothing is no full circle", () => {
  const report = { id: "x", sensor: "df", node: null, time_ms: 0, label: "", lat_deg: 54, lon_deg: 18 };
  const { outline } = wedge({ ...report, bearing_deg: 90, sigma_deg: 170, range_m: null });
  near(rangeBearing(report, outline[1] ?? report).bearing_deg, 90 - HALF_ANGLE_DEG_MAX, 0.01);
});
