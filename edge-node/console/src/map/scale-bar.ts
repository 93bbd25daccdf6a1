/** The scale of the map at its middle, in kilometres above and nautical miles below. */
import { setText } from "../dom.ts";
import { roundLength as lengthText } from "../format.ts";
import { roundLength } from "./graticule.ts";

/** Longest bar. */
const BAR_PX = 120;

const METRES_PER_NAUTICAL_MILE = 1852;

export class ScaleBar {
  readonly #metric: HTMLElement | null;
  readonly #nautical: HTMLElement | null;

  constructor(host: HTMLElement) {
    this.#metric = host.querySelector(".above");
    this.#nautical = host.querySelector(".below");
  }

  show(metres_per_pixel: number): void {
    const metric_m = roundLength(BAR_PX * metres_per_pixel);
    const nautical = roundLength((BAR_PX * metres_per_pixel) / METRES_PER_NAUTICAL_MILE);
    showBar(this.#metric, metric_m / metres_per_pixel, lengthText(metric_m));
    const nautical_px = (nautical * METRES_PER_NAUTICAL_MILE) / metres_per_pixel;
    showBar(this.#nautical, nautical_px, `${Number(nautical.toPrecision(1))}\u00a0NM`);
  }
}

function showBar(bar: HTMLElement | null, width_px: number, text: string): void {
  if (bar === null) return;
  bar.style.width = `${Math.round(width_px)}px`;
  setText(bar, text);
}
