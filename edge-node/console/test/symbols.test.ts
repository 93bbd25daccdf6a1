import assert from "node:assert/strict";
import { test } from "node:test";
import { lookOf } from "../src/symbols.ts";
import { track } from "./samples.ts";

test("a state that a sensor told looks different from one that was computed here", () => {
  assert.equal(lookOf(track(), "plain").told, false);
  assert.equal(lookOf(track({ source_track: true }), "plain").told, true);
});

test("only shapes that have a front are turned, in steps", () => {
  assert.equal(lookOf(track({ class: "air", course_deg: 92 }), "plain").course_deg, 90);
  assert.equal(lookOf(track({ class: "ground", course_deg: 92 }), "plain").course_deg, 0);
});

test("symbols of the standard are never turned", () => {
  assert.equal(lookOf(track({ class: "air", course_deg: 92 }), "app6").course_deg, 0);
});
