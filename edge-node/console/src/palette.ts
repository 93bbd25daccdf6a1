/** The colours of the canvas, read from the style sheet, so that a theme is defined in one place: `styles/theme.css`. */
import { AFFILIATIONS, type Affiliation } from "./protocol.ts";

export interface Palette {
  /** Changes with every theme, so that drawn symbols can be kept until then. */
  key: string;
  ground: string;
  land: string;
  coast: string;
  border: string;
  grid: string;
  gridText: string;
  ring: string;
  sensor: string;
  sensorLate: string;
  sensorDown: string;
  text: string;
  dimText: string;
  halo: string;
  outline: string;
  select: string;
  bearing: string;
  ruler: string;
  symbolWhite: string;
  /** Fill of symbols. */
  fill: Record<Affiliation, string>;
  /** Lines and small text, which need more contrast with the ground than an area does. */
  ink: Record<Affiliation, string>;
}

export function readPalette(root: HTMLElement, key: string): Palette {
  const style = getComputedStyle(root);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const each = (kind: string): Record<Affiliation, string> =>
    Object.fromEntries(AFFILIATIONS.map((one) => [one, colour(`${kind}-${one.replace("_", "-")}`)])) as Record<
      Affiliation,
      string
    >;
  return {
    key,
    ground: colour("map-ground"),
    land: colour("map-land"),
    coast: colour("map-coast"),
    border: colour("map-border"),
    grid: colour("map-grid"),
    gridText: colour("map-grid-text"),
    ring: colour("map-ring"),
    sensor: colour("map-sensor"),
    sensorLate: colour("warn"),
    sensorDown: colour("bad"),
    text: colour("map-text"),
    dimText: colour("map-dim-text"),
    halo: colour("map-halo"),
    outline: colour("map-outline"),
    select: colour("map-select"),
    bearing: colour("map-bearing"),
    ruler: colour("map-ruler"),
    symbolWhite: colour("symbol-white"),
    fill: each("fill"),
    ink: each("ink"),
  };
}
