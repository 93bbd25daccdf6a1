/** Banner, node, mode, connection, picture time and the alarm: what must be seen without looking for it. */
import type { Banner } from "../classification.ts";
import { byId, setAttribute, setClass, setHidden, setText } from "../dom.ts";
import * as format from "../format.ts";
import type { LinkState } from "../link.ts";
import type { Mode } from "../protocol.ts";
import type { Theme } from "../settings.ts";

/** What the bar shows; `null` where the node has not said yet. */
export interface BarState {
  node: string | null;
  mode: Mode | null;
  /** A moment of the recorder is shown in place of what the node sends. */
  past: boolean;
  speed: number;
  progress: number | null;
  /** Picture time, or `null` before the first message. */
  now_ms: number | null;
  link: LinkState;
  /** The node speaks a protocol this page does not. */
  foreign: boolean;
  banner: Banner;
}

const WATERMARKS: Record<Mode, string> = { LIVE: "", REPLAY: "REPLAY · NOT LIVE", SIM: "SIMULATION · NOT REAL" };

/** Over a moment of a simulation's recorder. */
const SIMULATED = "REPLAY OF A SIMULATION · NOT REAL";

const NEXT_THEME: Record<Theme, Theme> = { day: "dark", dark: "night", night: "day" };
const THEME_NAMES: Record<Theme, string> = { day: "Day", dark: "Dark", night: "Night" };

/** The colours that come after these. */
export function nextTheme(theme: Theme): Theme {
  return NEXT_THEME[theme];
}

export class TopBar {
  readonly #banner = byId("banner", HTMLDivElement);
  readonly #node = byId("node", HTMLSpanElement);
  readonly #mode = byId("mode", HTMLSpanElement);
  readonly #link = byId("link", HTMLSpanElement);
  readonly #date = byId("clock-date", HTMLSpanElement);
  readonly #time = byId("clock-time", HTMLSpanElement);
  readonly #progress = byId("progress", HTMLProgressElement);
  readonly #stage = byId("stage", HTMLElement);
  readonly #alarm = byId("alarm", HTMLDivElement);
  readonly #watermark = byId("watermark", HTMLDivElement);
  readonly #themeText = byId("theme-text", HTMLSpanElement);

  constructor(themeToggled: () => void) {
    byId("theme", HTMLButtonElement).addEventListener("click", themeToggled);
  }

  showTheme(theme: Theme): void {
    setText(this.#themeText, THEME_NAMES[theme]);
  }

  show(state: BarState): void {
    setText(this.#banner, state.banner.text);
    setClass(this.#banner, `banner ${state.banner.rank}`);
    setText(this.#node, state.node ?? "");
    document.title = [state.past ? "REPLAY" : state.mode, state.node, "copmesh"].filter((part) => part !== null && part !== "").join(" · ");
    this.#showMode(state);
    this.#showLink(state.link);
    setText(this.#date, state.now_ms === null ? "" : format.utcDate(state.now_ms));
    document.body.classList.toggle("stale", state.link.stale && !state.past);
    setText(this.#time, state.now_ms === null ? "--:--:--Z" : format.utcTime(state.now_ms));
    setHidden(this.#progress, state.progress === null);
    this.#progress.value = Math.min(1, state.progress ?? 0);
    const alarm = alarmText(state);
    setHidden(this.#alarm, alarm === null);
    setText(this.#alarm, alarm ?? "");
  }

  #showMode(state: BarState): void {
    // Out of the recorder everything wears the colour of a replay; that it was a simulation is said in words.
    const mode = state.past ? "REPLAY" : state.mode;
    const simulated = state.past && state.mode === "SIM";
    const stale = state.link.stale && !state.past;
    setText(this.#mode, `${simulated ? "SIM " : ""}${modeText(mode, state.speed, stale)}`);
    setClass(this.#mode, `mode ${mode?.toLowerCase() ?? "unknown"} ${stale ? "stale" : ""}`.trim());
    setClass(this.#stage, `stage ${mode?.toLowerCase() ?? "unknown"} ${stale ? "stale" : ""}`.trim());
    document.body.classList.toggle("past", mode === "REPLAY");
    const watermark = simulated ? SIMULATED : mode === null ? "" : WATERMARKS[mode];
    setHidden(this.#watermark, watermark === "");
    setText(this.#watermark, watermark);
  }

  #showLink(link: LinkState): void {
    const text = linkText(link);
    setText(this.#link, text);
    setAttribute(this.#link, "title", text);
    setClass(this.#link, `link ${link.phase} ${link.stale ? "stale" : ""}`.trim());
  }
}

/** A picture that stands still must not call itself live. */
function modeText(mode: Mode | null, speed: number, stale: boolean): string {
  if (mode === null) return "MODE UNKNOWN";
  if (mode === "LIVE") return stale ? "NOT LIVE" : "LIVE";
  return speed === 1 ? mode : `${mode} ${format.replaySpeed(speed)}`;
}

function linkText(link: LinkState): string {
  switch (link.phase) {
    case "open":
      return link.stale ? `silent ${seconds(link.silent_ms)}` : "connected";
    case "connecting":
      return "connecting…";
    case "waiting":
      return `offline, retry in ${seconds(link.retry_in_ms)}`;
  }
}

function alarmText({ link, foreign, node, past }: BarState): string | null {
  if (foreign) return "This node speaks another version of the console protocol. Reload the page.";
  if (!link.stale) return null;
  if (node === null) return `No node answers (${seconds(link.silent_ms)}). Trying again.`;
  if (past) return `No word from the node for ${seconds(link.silent_ms)}: there is no live picture to go back to`;
  return `STALE PICTURE · nothing heard for ${seconds(link.silent_ms)}`;
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`;
}
