import assert from "node:assert/strict";
import { test } from "node:test";
import { Playback } from "../src/history/playback.ts";
import { merged, readPoints } from "../src/history/series.ts";
import { stripText } from "../src/panels/timeline.ts";
import { NOON_MS } from "./samples.ts";

function playback(): Playback {
  const made = new Playback();
  made.handleSpan({ from_ms: NOON_MS - 600_000, to_ms: NOON_MS });
  return made;
}

test("the page is live until somebody asks for the past", () => {
  const one = playback();
  assert.deepEqual([one.live, one.at(0)], [true, null]);
  one.play(true, 0);
  assert.equal(one.playing, false);
});

test("the past stands still until it is played, then runs at its speed", () => {
  const one = playback();
  one.seek(NOON_MS - 300_000, 0);
  assert.equal(one.at(5_000), NOON_MS - 300_000);
  one.play(true, 5_000);
  one.setSpeed(10, 6_000);
  assert.equal(one.at(7_000), NOON_MS - 300_000 + 1_000 + 10_000);
  one.play(false, 7_000);
  assert.equal(one.at(99_000), NOON_MS - 300_000 + 11_000);
});

test("nothing outside of the recording is ever shown", () => {
  const one = playback();
  one.seek(0, 0);
  assert.equal(one.at(0), NOON_MS - 600_000);
  one.step(-60_000, NOON_MS, 0);
  assert.equal(one.at(0), NOON_MS - 600_000);
  one.seek(NOON_MS + 5, 0);
  assert.equal(one.at(0), NOON_MS);
});

test("at its end the recording stops, and is still a replay", () => {
  const one = playback();
  one.seek(NOON_MS - 2_000, 0);
  one.play(true, 0);
  assert.equal(one.handleTimeout(1_000), false);
  assert.equal(one.handleTimeout(3_000), true);
  assert.deepEqual([one.playing, one.live], [false, false]);
});

test("a step from live goes back from the live picture", () => {
  const one = playback();
  one.step(-60_000, NOON_MS, 0);
  assert.equal(one.at(0), NOON_MS - 60_000);
  one.backToLive();
  assert.equal(one.live, true);
});

test("what is shown of the past says when it was, and what it has not", () => {
  const one = playback();
  one.seek(NOON_MS - 120_000, 0);
  const without = "Without DF lines and annotations; sensors and mesh as now.";
  const said = (why: string) => stripText(NOON_MS - 120_000, NOON_MS, one, why);
  assert.match(said(""), / · 2\smin\s00\ss ago · held\. /);
  assert.ok(said("").startsWith("REPLAY ") && said("").endsWith(without));
  assert.match(said("recording: the node did not answer"), / · recording: the node did not answer\. Without DF lines/);
});

test("points of a track are read in order, and what makes no sense is left out", () => {
  const body = { points: [{ time_ms: 2, speed_m_s: 5 }, 7, { speed_m_s: 1 }, { time_ms: 1, height_m: "high" }] };
  assert.deepEqual(readPoints(body).map(({ time_ms, height_m }) => [time_ms, height_m]), [[1, null], [2, null]]);
  assert.deepEqual(readPoints("nonsense"), []);
});

test("what was seen goes on where the recording ends", () => {
  const at = (time_ms: number) => ({ time_ms, speed_m_s: null, height_m: null, sigma_m: null });
  assert.deepEqual(merged([at(1), at(3)], [at(2), at(3), at(4)]).map(({ time_ms }) => time_ms), [1, 3, 4]);
});
