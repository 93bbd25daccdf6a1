/** What the operator chose to see, kept in the browser between visits. */
import { Signal } from "./signal.ts";
import { SYMBOL_STYLES, type SymbolStyle } from "./symbol-style.ts";

/** Day: dark on light. Dark: light on dark. Night: red on black, which leaves eyes used to the dark as they are. */
export const THEMES = ["day", "dark", "night"] as const;
export type Theme = (typeof THEMES)[number];

/** Lengths of trail that can be chosen, in minutes. */
export const TRAIL_MINUTES = [0, 1, 3, 10] as const;

export interface Settings {
  theme: Theme;
  trail_min: number;
  symbols: SymbolStyle;
  /** Name of the node's map under the picture, or one of `BUILT_IN_MAPS`. */
  map: string;
  labels: boolean;
  ellipses: boolean;
  vectors: boolean;
  bearings: boolean;
  rings: boolean;
  graticule: boolean;
  /** List every track, not only those in the map's view. */
  listAll: boolean;
}

/** Maps that need nothing of the node: the outlines that come with the page, and nothing at all. */
export const BUILT_IN_MAPS = ["world", "none"] as const;

/** The settings that are switched on and off. */
export type Switch = { [K in keyof Settings]: Settings[K] extends boolean ? K : never }[keyof Settings];

const KEY = "copmesh.console";

const DEFAULTS: Settings = {
  theme: "dark",
  trail_min: 3,
  symbols: "app6",
  map: "world",
  labels: true,
  ellipses: true,
  vectors: true,
  bearings: true,
  rings: true,
  graticule: true,
  listAll: false,
};

/**
 * Settings as kept, with `preferred` until the operator first changes any. Storage may be forbidden: then they last as long
 * as the page.
 */
export function loadSettings(storage: Storage | null, preferred: Partial<Settings>): Signal<Settings> {
  const settings = new Signal(restore(read(storage), { ...DEFAULTS, ...preferred }));
  settings.onChange((value) => write(storage, value));
  return settings;
}

/** Changes some of the settings. */
export function change(settings: Signal<Settings>, part: Partial<Settings>): void {
  settings.set({ ...settings.value, ...part });
}

/** Takes from `kept` what has the right type, and the rest from `fallback`. */
export function restore(kept: unknown, fallback: Settings): Settings {
  if (typeof kept !== "object" || kept === null) return fallback;
  const fields = kept as Record<string, unknown>;
  const restored: Record<string, unknown> = { ...fallback };
  for (const [key, value] of Object.entries(fallback)) {
    if (typeof fields[key] === typeof value) restored[key] = fields[key];
  }
  const settings = restored as unknown as Settings;
  const known =
    THEMES.includes(settings.theme) &&
    SYMBOL_STYLES.includes(settings.symbols) &&
    TRAIL_MINUTES.some((minutes) => minutes === settings.trail_min);
  return known ? settings : fallback;
}

function read(storage: Storage | null): unknown {
  try {
    return JSON.parse(storage?.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

function write(storage: Storage | null, settings: Settings): void {
  try {
    storage?.setItem(KEY, JSON.stringify(settings));
  } catch {
    // A full or forbidden store costs the operator a preference, nothing else.
  }
}
