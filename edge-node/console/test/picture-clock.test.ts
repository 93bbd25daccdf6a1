import assert from "node:assert/strict";
import { test } from "node:test";
import { PictureClock, STEP_MS } from "../src/picture-clock.ts";
import { NOON_MS } from "./samples.ts";

test("the first message sets the clock, local time carries it on", () => {
  const clock = new PictureClock();
  assert.equal(clock.running, false);
  clock.handleTime(NOON_MS, 1_000);
  assert.equal(clock.now(1_400), NOON_MS + 400);
});

test("jitter of the link moves the clock by a part of it only", () => {
  const clock = new PictureClock();
  clock.handleTime(NOON_MS, 0);
  clock.handleTime(NOON_MS + 1_000, 1_100);
  assert.equal(clock.now(1_100), NOON_MS + 1_080);
});

test("a jump is followed at once, forwards and backwards", () => {
  const clock = new PictureClock();
  clock.handleTime(NOON_MS, 0);
  clock.handleTime(NOON_MS + 60_000, 100);
  assert.equal(clock.now(100), NOON_MS + 60_000);
  clock.handleTime(NOON_MS - STEP_MS, 200);
  assert.equal(clock.now(200), NOON_MS - STEP_MS);
});

test("a replay runs at its speed, and stands still while paused", () => {
  const clock = new PictureClock();
  clock.handleTime(NOON_MS, 0);
  clock.handleSpeed(10, 0);
  assert.equal(clock.now(500), NOON_MS + 5_000);
  clock.handleSpeed(0, 500);
  assert.equal(clock.now(9_000), NOON_MS + 5_000);
});

test("fast replay widens what counts as jitter", () => {
  const clock = new PictureClock();
  clock.handleTime(NOON_MS, 0);
  clock.handleSpeed(10, 0);
  clock.handleTime(NOON_MS + 7_000, 1_000);
  assert.equal(clock.now(1_000), NOON_MS + 9_400);
});
