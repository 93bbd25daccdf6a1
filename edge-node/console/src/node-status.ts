/** The node's neighbours in the mesh, as `/status.json` tells them. */

import { grouped } from "./format.ts";

export const NEIGHBOUR_STATES = ["ready", "greeting", "down"] as const;
export type NeighbourState = (typeof NEIGHBOUR_STATES)[number];

export interface Neighbour {
  name: string;
  state: NeighbourState;
  bearer: string;
  /** Time since anything was heard of it; `null` if never. */
  heard_s: number | null;
  /** Records that wait to be sent to it. */
  waiting: number | null;
  rate_bytes_s: number | null;
  /** How far its clock is ahead of ours. */
  clock_ahead_s: number | null;
  /** Why it is not reached, in the node's own words; empty where there is nothing to say. */
  trouble: string;
  /** How often it brought what was forged: it, or one behind it, is captured. */
  forged: number;
}

/** Characters of a trouble that are shown. */
const TROUBLE_CHARACTERS_MAX = 200;

/** How the mesh stands, for a line that is read at a glance. */
export interface MeshSummary {
  ready: number;
  down: number;
  /** Every neighbour is down: this node is alone, and its picture is only its own. */
  alone: boolean;
}

/** The neighbours in a status; `null` if it has no such list (an older node). */
export function readNeighbours(body: unknown): Neighbour[] | null {
  const list = typeof body === "object" && body !== null ? (body as { neighbours?: unknown }).neighbours : undefined;
  if (!Array.isArray(list)) return null;
  return list.map(neighbour).filter((one): one is Neighbour => one !== null);
}

/** What is wrong with a neighbour beyond its state, worst first; forgeries alone are a `warning`. */
export function remarks({ trouble, forged }: Neighbour): { text: string; warning: boolean }[] {
  const brought = `▲ brought forgeries: ${grouped(forged)}. It, or one behind it, may be captured.`;
  return [
    ...(forged > 0 ? [{ text: brought, warning: true }] : []),
    ...(trouble !== "" ? [{ text: trouble, warning: false }] : []),
  ];
}

export function summarise(neighbours: readonly Neighbour[]): MeshSummary {
  const ready = neighbours.filter(({ state }) => state === "ready").length;
  const down = neighbours.filter(({ state }) => state === "down").length;
  return { ready, down, alone: neighbours.length > 0 && ready === 0 };
}

function neighbour(value: unknown): Neighbour | null {
  if (typeof value !== "object" || value === null) return null;
  const fields = value as Record<string, unknown>;
  const number = (name: string): number | null => {
    const found = fields[name];
    return typeof found === "number" && Number.isFinite(found) ? found : null;
  };
  if (typeof fields.name !== "string") return null;
  return {
    name: fields.name,
    state: NEIGHBOUR_STATES.find((one) => one === fields.state) ?? "down",
    bearer: typeof fields.bearer === "string" ? fields.bearer : "",
    heard_s: number("age_s"),
    waiting: number("waiting"),
    rate_bytes_s: number("rate_bytes_s"),
    clock_ahead_s: number("clock_ahead_s"),
    trouble: typeof fields.trouble === "string" ? fields.trouble.slice(0, TROUBLE_CHARACTERS_MAX) : "",
    forged: Math.max(0, number("forged") ?? 0),
  };
}
