/** What lies under the picture: the outlines that come with the page, or a map of the node's own. */
import { byId, setText } from "./dom.ts";
import type { PictureMap } from "./map/map.ts";
import { type World, loadWorld } from "./map/world.ts";
import { type LocalMap, readMaps } from "./maps.ts";
import { ask } from "./node-api.ts";

export class BaseMap {
  readonly #map: () => PictureMap;
  readonly #attribution = byId("attribution", HTMLSpanElement);
  #maps: LocalMap[] = [];
  #shown: string | null = null;
  #outlines: World | null = null;

  constructor(map: () => PictureMap) {
    this.#map = map;
  }

  /** The outlines, if they are what is shown and have arrived. */
  get world(): World | null {
    return this.#shown === "world" ? this.#outlines : null;
  }

  async loadOutlines(): Promise<void> {
    this.#outlines = await loadWorld("assets/world.json");
    this.#map().redraw();
  }

  /** Asks which maps the node has; an older one has none, and then there are the outlines. */
  async ask(wanted: string): Promise<readonly LocalMap[]> {
    const answer = await ask("maps.json");
    this.#maps = answer.state === "ok" ? readMaps(answer.body) : [];
    this.show(wanted);
    return this.#maps;
  }

  /** Shows a map by its name; one that the node does not have gives way to the outlines. */
  show(wanted: string): void {
    const local = this.#maps.find(({ name }) => name === wanted) ?? null;
    const shown = local !== null || wanted === "none" ? wanted : "world";
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#map().showTiles(local);
    setText(this.#attribution, local === null ? "" : ` · map: ${local.attribution || local.name}`);
    this.#map().redraw();
  }
}
