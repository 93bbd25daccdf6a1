import assert from "node:assert/strict";
import { test } from "node:test";
import { TRAIL_POINTS_MAX, TRAIL_SPACING_MS, Trail } from "../src/trail.ts";

test("the newest point follows every update, older ones keep their distance in time", () => {
  const trail = new Trail();
  for (let step = 0; step <= 100; step += 1) trail.push(step * 100, step, -step);
  assert.equal(trail.time(trail.length - 1), 10_000);
  assert.equal(trail.lat(trail.length - 1), 100);
  for (let index = 1; index < trail.length - 1; index += 1) {
    assert.ok(trail.time(index) - trail.time(index - 1) >= TRAIL_SPACING_MS);
  }
});

test("a trail is bounded and forgets its oldest points", () => {
  const trail = new Trail();
  const steps = 3 * TRAIL_POINTS_MAX;
  for (let step = 0; step < steps; step += 1) trail.push(step * TRAIL_SPACING_MS, step, 0);
  assert.equal(trail.length, TRAIL_POINTS_MAX);
  assert.equal(trail.lat(0), steps - TRAIL_POINTS_MAX);
  assert.equal(trail.lat(trail.length - 1), steps - 1);
});

test("a window starts at its oldest point", () => {
  const trail = new Trail();
  for (let step = 0; step < 10; step += 1) trail.push(step * 10_000, step, 0);
  assert.equal(trail.since(45_000), 5);
  assert.equal(trail.since(-1), 0);
  assert.equal(trail.since(1e9), 10);
});

test("a rewound replay starts the trail anew", () => {
  const trail = new Trail();
  trail.push(50_000, 1, 1);
  trail.push(60_000, 2, 2);
  trail.push(10_000, 3, 3);
  assert.deepEqual([trail.length, trail.time(0), trail.lat(0)], [1, 10_000, 3]);
});

test("what later measurements show better takes the place of what was shown", () => {
  const trail = new Trail();
  for (let step = 0; step < 10; step += 1) trail.push(step * 10_000, step, 0);
  trail.mend([70_000, 80_000, 90_000].map((time_ms) => ({ time_ms, lat_deg: 1, lon_deg: 2 })));
  assert.equal(trail.length, 10);
  assert.deepEqual([trail.lat(6), trail.lat(7), trail.lat(9), trail.lon(9)], [6, 1, 1, 2]);
  trail.mend([]);
  assert.equal(trail.length, 10);
});
