/** How a track went: samples of its speed, height and uncertainty over time, from the recorder and from what was seen. */
import type { Track } from "../protocol.ts";

export interface Sample {
  time_ms: number;
  speed_m_s: number | null;
  height_m: number | null;
  sigma_m: number | null;
}

/** Samples kept of one track; the oldest makes room. */
export const SAMPLES_MAX = 2_000;

/** Reads `{"points":[{time_ms, speed_m_s, height_m, sigma_m, …}]}`; what makes no sense is left out. */
export function readPoints(body: unknown): Sample[] {
  const points = typeof body === "object" && body !== null ? (body as { points?: unknown }).points : undefined;
  if (!Array.isArray(points)) return [];
  const samples = points.map(sample).filter((one): one is Sample => one !== null);
  return samples.sort((a, b) => a.time_ms - b.time_ms).slice(-SAMPLES_MAX);
}

/** Both lists as one, in order of time; where both know a moment, the recorder is believed. */
export function merged(recorded: readonly Sample[], seen: readonly Sample[]): Sample[] {
  const last_ms = recorded.at(-1)?.time_ms ?? -Infinity;
  return [...recorded, ...seen.filter(({ time_ms }) => time_ms > last_ms)].slice(-SAMPLES_MAX);
}

export function sampleOf({ time_ms, speed_m_s, height_m, sigma_m }: Track): Sample {
  return { time_ms, speed_m_s, height_m, sigma_m };
}

function sample(value: unknown): Sample | null {
  if (typeof value !== "object" || value === null) return null;
  const fields = value as Record<string, unknown>;
  const number = (name: string): number | null => {
    const found = fields[name];
    return typeof found === "number" && Number.isFinite(found) ? found : null;
  };
  const time_ms = number("time_ms");
  if (time_ms === null) return null;
  return { time_ms, speed_m_s: number("speed_m_s"), height_m: number("height_m"), sigma_m: number("sigma_m") };
}
