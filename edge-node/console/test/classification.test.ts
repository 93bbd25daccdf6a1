import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_LABEL, highestLabel, rankOf } from "../src/classification.ts";

test("the level is read from the head of a label", () => {
  const ranks = {
    "UNCLASSIFIED REL TO POL, GBR": "unclassified",
    "NATO RESTRICTED": "restricted",
    "NATO CONFIDENTIAL//REL TO NATO": "confidential",
    "Secret": "secret",
    "COSMIC TOP SECRET": "top-secret",
    "UNCLASSIFIED//FORMERLY SECRET": "unclassified",
  };
  for (const [label, rank] of Object.entries(ranks)) assert.equal(rankOf(label), rank);
});

test("what cannot be read ranks above all that can", () => {
  assert.equal(rankOf("GRÜN"), "unreadable");
  assert.deepEqual(highestLabel(["TOP SECRET", "GRÜN"], ""), { text: "GRÜN", rank: "unreadable" });
  assert.deepEqual(highestLabel([""], "UNCLASSIFIED"), { text: "UNLABELLED", rank: "unreadable" });
});

test("the highest label in view names the banner, in the node's own words", () => {
  const labels = ["UNCLASSIFIED", "NATO SECRET REL TO POL", "NATO RESTRICTED"];
  assert.deepEqual(highestLabel(labels, "UNCLASSIFIED"), { text: "NATO SECRET REL TO POL", rank: "secret" });
});

test("the node's own classification is never undercut", () => {
  assert.deepEqual(highestLabel(["UNCLASSIFIED"], "NATO SECRET"), { text: "NATO SECRET", rank: "secret" });
  assert.deepEqual(highestLabel([], "NATO SECRET"), { text: "NATO SECRET", rank: "secret" });
});

test("different releases of one level are said to be mixed", () => {
  const { text } = highestLabel(["UNCLASSIFIED REL TO POL", "UNCLASSIFIED REL TO GBR"], "UNCLASSIFIED");
  assert.equal(text, "UNCLASSIFIED REL TO GBR · MIXED RELEASE");
});

test("without any label the banner says so", () => {
  assert.deepEqual(highestLabel([], ""), { text: NO_LABEL, rank: "unreadable" });
});
