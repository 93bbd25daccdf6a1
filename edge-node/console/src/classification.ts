/**
 * Which label the banner must show. The text is always the node's own; only its rank is read here.
 * A label that cannot be read ranks above every one that can: what is not understood is treated as the most restricted.
 */

/** Ranks in rising order of protection; `unreadable` is the fallback, not a level. */
export const RANKS = ["unclassified", "restricted", "confidential", "secret", "top-secret", "unreadable"] as const;
export type Rank = (typeof RANKS)[number];

export interface Banner {
  text: string;
  rank: Rank;
}

/** Text of the banner while no label is known at all. */
export const NO_LABEL = "NO CLASSIFICATION RECEIVED";

/** The rank named by the level at the head of a label, before its release and caveat parts. */
export function rankOf(label: string): Rank {
  const level = label.toUpperCase().split(/\/\/|\bREL\b|\bREL\s*TO\b/)[0] ?? "";
  if (/\bUNCLASSIFIED\b/.test(level)) return "unclassified";
  if (/\bTOP\s+SECRET\b/.test(level)) return "top-secret";
  if (/\bSECRET\b/.test(level)) return "secret";
  if (/\bCONFIDENTIAL\b/.test(level)) return "confidential";
  if (/\bRESTRICTED\b/.test(level)) return "restricted";
  return "unreadable";
}

/**
 * The banner over everything in view: the highest label, or the node's own classification where that is higher.
 * Among labels of one rank the first in alphabetical order is named and the mixture is said, since none of them speaks for all.
 */
export function highestLabel(labels: Iterable<string>, node: string): Banner {
  const distinct = new Set(labels);
  const floor = node === "" ? [] : [node];
  const ranked = [...distinct].map((text) => ({ text: text === "" ? "UNLABELLED" : text, rank: rankOf(text) }));
  const top = Math.max(-1, ...ranked.map(({ rank }) => RANKS.indexOf(rank)));
  const nodeRank = Math.max(-1, ...floor.map((text) => RANKS.indexOf(rankOf(text))));
  if (top < 0 && nodeRank < 0) return { text: NO_LABEL, rank: "unreadable" };
  if (nodeRank > top) return { text: node, rank: RANKS[nodeRank] ?? "unreadable" };
  const same = ranked.filter(({ rank }) => RANKS.indexOf(rank) === top).map(({ text }) => text).sort();
  const text = same.length > 1 ? `${same[0]} · MIXED RELEASE` : (same[0] ?? NO_LABEL);
  return { text, rank: RANKS[top] ?? "unreadable" };
}
