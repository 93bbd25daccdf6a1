/**
 * How long the page's scripts take, from Chromium's own trace of its main thread: both by the clock and in time on a
 * processor, which other programs cannot make longer by standing in the way.
 */

const CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline", "blink.user_timing"];

/** What hands the thread to a script, by what set it off. */
const KINDS = {
  FireAnimationFrame: "drawing",
  TimerFire: "panels",
  WebSocketReceive: "message",
  EventDispatch: "input",
  FunctionCall: "other",
};

/** Traces while `act` runs; returns what the main thread did meanwhile. */
export async function trace(page, act) {
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: ["-*", ...CATEGORIES] });
  const started = performance.now();
  await act();
  const elapsed_s = (performance.now() - started) / 1000;
  const { traceEvents } = JSON.parse(await browser.stopTracing());
  return { elapsed_s, slices: scriptSlices(traceEvents) };
}

/** The outermost stretches of script on the busiest thread: kind, milliseconds on a processor, and by the clock. */
function scriptSlices(events) {
  const scripts = events.filter(({ ph, name, dur }) => ph === "X" && name in KINDS && dur > 0);
  const threads = Map.groupBy ? Map.groupBy(scripts, ({ pid, tid }) => `${pid} ${tid}`) : grouped(scripts);
  const busiest = [...threads.values()].sort((a, b) => total(b) - total(a))[0] ?? [];
  const slices = [];
  let end_us = -Infinity;
  for (const { ts, dur, tdur = dur, name } of busiest.sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
    if (ts < end_us) continue;
    end_us = ts + dur;
    slices.push({ kind: KINDS[name], ms: tdur / 1000, clock_ms: dur / 1000 });
  }
  return slices;
}

function grouped(scripts) {
  const threads = new Map();
  for (const one of scripts) {
    const key = `${one.pid} ${one.tid}`;
    threads.set(key, [...(threads.get(key) ?? []), one]);
  }
  return threads;
}

const total = (events) => events.reduce((sum, { dur }) => sum + dur, 0);

/** The value below which a part of all lie. */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}
