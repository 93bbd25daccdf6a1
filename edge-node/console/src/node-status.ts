/** The node's neighbours in the mesh, as `/status.json` tells them. */

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
}

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
  };
}
