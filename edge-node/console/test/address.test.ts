import assert from "node:assert/strict";
import { test } from "node:test";
import { type PageState, fromHash, toHash } from "../src/address.ts";
import { NO_FILTERS } from "../src/filters.ts";
import { NOON_MS } from "./samples.ts";

const PLAIN: PageState = { track: null, view: null, filters: NO_FILTERS, search: "", at_ms: null };

test("a link brings back view, track, filters, search and moment", () => {
  const state: PageState = {
    track: "00aa-1-00ff",
    view: { lat_deg: -33.86, lon_deg: 151.2, zoom: 9.25 },
    filters: { ...NO_FILTERS, affiliations: ["hostile"] },
    search: "two words & more",
    at_ms: NOON_MS,
  };
  assert.deepEqual(fromHash(toHash(state)), state);
});

test("a page with nothing chosen has a bare address", () => {
  assert.equal(toHash(PLAIN), "");
  assert.deepEqual(fromHash(""), PLAIN);
});

test("a broken link shows the page as if there were none", () => {
  for (const hash of ["#view=1,2", "#view=91,0,5", "#view=a,b,c", "#view=,,", "#t=yesterday", "#%%%"]) {
    assert.deepEqual(fromHash(hash), PLAIN, hash);
  }
});
