/**
 * A canvas as wide as the map, drawn by `requestAnimationFrame` and never more often than it can afford.
 *
 * Leaflet moves its panes while the map is dragged; the canvas moves with them and is drawn anew as soon as its own cost
 * allows, so that panning stays smooth on a machine without graphics hardware.
 */
import * as L from "leaflet";
import type { View } from "./view.ts";

/** The canvas reaches this far beyond the map on every side, for drags between two drawings. */
const MARGIN_PX = 64;

/** Drawing takes at most this part of the time. */
const SHARE = 0.5;

const PIXEL_RATIO_MAX = 2;

export abstract class CanvasLayer extends L.Layer {
  readonly #canvas = document.createElement("canvas");
  readonly #pane: string;
  #dirty = false;
  #requested = 0;
  #drawn_ms = 0;
  #cost_ms = 0;

  constructor(pane: string) {
    super();
    this.#pane = pane;
    this.#canvas.className = "canvas-layer";
    this.#canvas.setAttribute("aria-hidden", "true");
  }

  /** Time the last drawing took, for the status line. */
  get cost_ms(): number {
    return this.#cost_ms;
  }

  override onAdd(map: L.Map): this {
    map.getPane(this.#pane)?.append(this.#canvas);
    map.on("move zoom viewreset resize moveend", this.invalidate, this);
    this.invalidate();
    return this;
  }

  override onRemove(map: L.Map): this {
    map.off("move zoom viewreset resize moveend", this.invalidate, this);
    cancelAnimationFrame(this.#requested);
    this.#requested = 0;
    this.#canvas.remove();
    return this;
  }

  /** Asks for a drawing at the next frame that can be afforded. */
  invalidate(): void {
    this.#dirty = true;
    if (this.#requested === 0) this.#requested = requestAnimationFrame((now_ms) => this.#frame(now_ms));
  }

  /** Draws the view. The context is cleared and scaled to CSS pixels. */
  protected abstract draw(context: CanvasRenderingContext2D, view: View, pixelRatio: number): void;

  #frame(now_ms: number): void {
    this.#requested = 0;
    if (!this.#dirty) return;
    if (now_ms - this.#drawn_ms < this.#cost_ms / SHARE) {
      this.invalidate();
      return;
    }
    this.#dirty = false;
    this.#drawn_ms = now_ms;
    const started_ms = performance.now();
    this.#drawNow();
    this.#cost_ms = performance.now() - started_ms;
  }

  #drawNow(): void {
    const map = this._map;
    const context = this.#canvas.getContext("2d");
    if (map === null || map === undefined || context === null) return;
    const size = map.getSize();
    const [width, height] = [size.x + 2 * MARGIN_PX, size.y + 2 * MARGIN_PX];
    const pixelRatio = Math.min(window.devicePixelRatio, PIXEL_RATIO_MAX);
    this.#resize(width, height, pixelRatio);
    L.DomUtil.setPosition(this.#canvas, map.containerPointToLayerPoint([-MARGIN_PX, -MARGIN_PX]));
    const corner = map.getPixelBounds().min ?? L.point(0, 0);
    const view = { zoom: map.getZoom(), left: corner.x - MARGIN_PX, top: corner.y - MARGIN_PX, width, height };
    context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.draw(context, view, pixelRatio);
  }

  #resize(width: number, height: number, pixelRatio: number): void {
    const [deviceWidth, deviceHeight] = [Math.round(width * pixelRatio), Math.round(height * pixelRatio)];
    if (this.#canvas.width === deviceWidth && this.#canvas.height === deviceHeight) return;
    this.#canvas.width = deviceWidth;
    this.#canvas.height = deviceHeight;
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${height}px`;
  }
}

/** How far the visible map lies inside the canvas of a layer. */
export const LAYER_MARGIN_PX = MARGIN_PX;
