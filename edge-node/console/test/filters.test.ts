import assert from "node:assert/strict";
import { test } from "node:test";
import { type Filters, NO_FILTERS, activeCount, fromParameters, passes, toParameters, toggled } from "../src/filters.ts";
import { NOON_MS, track } from "./samples.ts";

const only = (part: Partial<Filters>): Filters => ({ ...NO_FILTERS, ...part });
const lets = (part: Partial<Filters>, of = {}): boolean => passes(track(of), only(part), NOON_MS + 20_000);

test("no filter hides nothing", () => {
  assert.equal(passes(track(), NO_FILTERS, NOON_MS), true);
  assert.equal(activeCount(NO_FILTERS), 0);
});

test("each filter holds back what it names, and only that", () => {
  assert.deepEqual([lets({ affiliations: ["hostile"] }), lets({ affiliations: ["hostile", "unknown"] })], [false, true]);
  assert.deepEqual([lets({ classes: ["uav"] }), lets({ classes: ["air"] })], [false, true]);
  assert.deepEqual([lets({ sensor: "df-1" }), lets({ sensor: "radar-n" })], [false, true]);
  assert.deepEqual([lets({ label: "SECRET" }), lets({ label: "UNCLASSIFIED" })], [false, true]);
  assert.deepEqual([lets({ age_s_max: 19 }), lets({ age_s_max: 20 })], [false, true]);
  assert.deepEqual([lets({ height_m: { min: 1001, max: null } }), lets({ height_m: { min: 1000, max: 1000 } })], [false, true]);
  assert.deepEqual([lets({ speed_m_s: { min: null, max: 99 } }), lets({ speed_m_s: { min: 100, max: null } })], [false, true]);
});

test("what is not known is never hidden", () => {
  assert.equal(lets({ height_m: { min: 0, max: 500 } }, { height_m: null }), true);
  assert.equal(lets({ speed_m_s: { min: 50, max: null } }, { speed_m_s: null }), true);
});

test("a silent track is as old as the last word of it", () => {
  assert.equal(lets({ age_s_max: 60 }, { silent_since_ms: NOON_MS - 60_000 }), false);
});

test("filters come back from an address as they went", () => {
  const filters = only({
    affiliations: ["suspect", "hostile"],
    classes: ["uav"],
    sensor: "radar-n",
    label: "UNCLASSIFIED REL TO POL, GBR",
    age_s_max: 30,
    height_m: { min: null, max: 500 },
    speed_m_s: { min: 10, max: 60 },
  });
  assert.deepEqual(fromParameters(new URLSearchParams(toParameters(filters))), filters);
  assert.equal(activeCount(filters), 7);
  assert.deepEqual(fromParameters(new URLSearchParams()), NO_FILTERS);
});

test("nonsense in an address filters nothing", () => {
  const parameters = new URLSearchParams("side=pink&class=&age=old&height=high&speed=..");
  assert.equal(activeCount(fromParameters(parameters)), 0);
});

test("a chip goes in and out", () => {
  assert.deepEqual(toggled(["a"], "b"), ["a", "b"]);
  assert.deepEqual(toggled(["a", "b"], "a"), ["b"]);
});
