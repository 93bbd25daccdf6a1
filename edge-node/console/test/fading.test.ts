import assert from "node:assert/strict";
import { test } from "node:test";
import { FAINTEST, FAINT_AT_S, STALE_AFTER_S, isStale, opacity, told_ms } from "../src/fading.ts";

test("what is silent is as old as the last word of it, however far it was reckoned on", () => {
  assert.equal(told_ms({ time_ms: 9_000, silent_since_ms: 1_000 }), 1_000);
  assert.equal(told_ms({ time_ms: 9_000, silent_since_ms: null }), 9_000);
});

test("a fresh track is solid, an old one faint, and never the other way about", () => {
  assert.equal(opacity(0), 1);
  assert.equal(opacity(STALE_AFTER_S), 1);
  assert.equal(opacity(FAINT_AT_S), FAINTEST);
  assert.equal(opacity(1e9), FAINTEST);
  for (let age_s = 0; age_s < 100; age_s += 1) assert.ok(opacity(age_s + 1) <= opacity(age_s));
});

test("fading begins with staleness", () => {
  assert.equal(isStale(STALE_AFTER_S - 0.1), false);
  assert.equal(isStale(STALE_AFTER_S), true);
});
