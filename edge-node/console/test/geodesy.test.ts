import assert from "node:assert/strict";
import { test } from "node:test";
import { RECKONING_S_MAX, deadReckon, destination, rangeBearing, wrapBearing, wrapLongitude } from "../src/geodesy.ts";
import { NOON_MS, track } from "./samples.ts";

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);

test("a minute of latitude at 45° is 1 852.2 m on the ellipsoid", () => {
  // Meridian radius at 45°: a(1 − e²)/(1 − e²/2)^1.5 = 6 367 382 m; times one minute of arc.
  const to = destination({ lat_deg: 45, lon_deg: 0 }, 0, 1852.2);
  near(to.lat_deg, 45 + 1 / 60, 1e-6);
});

test("a degree of longitude on the equator is 111 319.5 m", () => {
  const to = destination({ lat_deg: 0, lon_deg: 0 }, 90, 111_319.49);
  near(to.lon_deg, 1, 1e-6);
  near(to.lat_deg, 0, 1e-9);
});

test("there and back again: range and bearing recover the leg", () => {
  for (const lat_deg of [-60, 0, 54]) {
    for (const azimuth_deg of [0, 33, 120, 250]) {
      const from = { lat_deg, lon_deg: 18 };
      const { range_m, bearing_deg } = rangeBearing(from, destination(from, azimuth_deg, 40_000));
      near(range_m, 40_000, 20);
      near(bearing_deg, azimuth_deg, 0.01);
    }
  }
});

test("a leg across the antimeridian keeps its longitude in range", () => {
  const to = destination({ lat_deg: 10, lon_deg: 179.9 }, 90, 50_000);
  assert.ok(to.lon_deg < -179 && to.lon_deg >= -180);
});

test("a leg over the pole stays on the globe", () => {
  const to = destination({ lat_deg: 89.9, lon_deg: 0 }, 0, 50_000);
  assert.ok(to.lat_deg < 90 && Number.isFinite(to.lon_deg));
});

test("dead reckoning carries a track along its course", () => {
  const at = deadReckon(track({ lat_deg: 0, lon_deg: 0 }), NOON_MS + 10_000);
  near(at.lon_deg, 1000 / 111_319.49, 1e-7);
});

test("dead reckoning stops where it would be guessing", () => {
  const late = deadReckon(track(), NOON_MS + 3_600_000);
  assert.deepEqual(late, deadReckon(track(), NOON_MS + RECKONING_S_MAX * 1000));
});

test("dead reckoning never runs backwards, and needs a velocity", () => {
  const still = track({ course_deg: null });
  assert.equal(deadReckon(track(), NOON_MS - 5_000).lon_deg, 18);
  assert.equal(deadReckon(still, NOON_MS + 5_000), still);
});

test("bearings and longitudes wrap", () => {
  assert.deepEqual([-90, 0, 360, 725].map(wrapBearing), [270, 0, 0, 5]);
  assert.deepEqual([-181, 180, 540].map(wrapLongitude), [179, -180, -180]);
});
