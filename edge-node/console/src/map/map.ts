/**
 * The map: Leaflet with our two canvas layers. There are no tiles yet and none from the internet ever; a layer of local ones
 * goes into Leaflet's `tilePane`, which lies under both canvases.
 */
import * as L from "leaflet";
import { byId } from "../dom.ts";
import { EQUATOR_M, destination, radians } from "../geodesy.ts";
import type { Position, Sensor } from "../protocol.ts";
import { type GroundScene, GroundLayer } from "./ground-layer.ts";
import type { Placed } from "./placement.ts";
import { ScaleBar } from "./scale-bar.ts";
import { type TrackScene, TrackLayer } from "./track-layer.ts";
import { TILE_PX } from "./view.ts";

/** How often moving tracks are drawn while nothing else happens; a second's flight is less than a pixel at most zooms. */
const FRAME_MS = 100;

const PICK_PX = 18;
const PICK_TOUCH_PX = 30;

/** Half the side of the first view around an origin without sensors. */
const HOME_RANGE_M = 60_000;

export interface MapEvents {
  selected(id: string | null): void;
  hovered(id: string | null): void;
  /** The pointer is over a position, or has left the map. */
  pointed(at: Position | null): void;
  /** The operator took hold of the map. */
  dragged(): void;
}

/** A view as it was chosen by the page itself. */
interface Fitted {
  bounds: L.LatLngBounds;
  centre: L.LatLng;
  zoom: number;
}

export class PictureMap {
  readonly #map: L.Map;
  readonly #ground: GroundLayer;
  readonly #tracks: TrackLayer;
  readonly #scale = new ScaleBar(byId("scale", HTMLDivElement));
  #fitted: Fitted | null = null;

  constructor(element: HTMLElement, scene: GroundScene & TrackScene, events: MapEvents) {
    this.#map = L.map(element, {
      attributionControl: false,
      zoomControl: false,
      // Canvases cannot be scaled sharply: a zoom is drawn at once, in fine steps, instead of animated in coarse ones.
      zoomAnimation: false,
      fadeAnimation: false,
      markerZoomAnimation: false,
      zoomSnap: 0.25,
      zoomDelta: 0.5,
      wheelPxPerZoomLevel: 120,
      minZoom: 2,
      maxZoom: 19,
      worldCopyJump: true,
      boxZoom: true,
    });
    L.control.zoom({ position: "topleft" }).addTo(this.#map);
    this.#map.setView([0, 0], 2);
    this.#ground = new GroundLayer(scene).addTo(this.#map);
    this.#tracks = new TrackLayer(scene).addTo(this.#map);
    this.#listen(events);
    this.#map.on("moveend zoomend resize", () => this.#showScale());
    window.setInterval(() => this.#tracks.invalidate(), FRAME_MS);
    new ResizeObserver(() => this.#resized()).observe(element);
  }

  /** Time the last drawing of the tracks took. */
  get cost_ms(): number {
    return this.#tracks.cost_ms;
  }

  /** The tracks on the screen. */
  visible(): Placed[] {
    return this.#tracks.visible();
  }

  /** Draws everything anew: the theme, the settings or the sensors changed. */
  redraw(): void {
    this.#ground.invalidate();
    this.#tracks.invalidate();
  }

  redrawGround(): void {
    this.#ground.invalidate();
  }

  redrawTracks(): void {
    this.#tracks.invalidate();
  }

  centre(at: Position): void {
    this.#map.panTo([at.lat_deg, at.lon_deg], { animate: false });
  }

  zoom(steps: number): void {
    this.#map.zoomIn(steps);
  }

  /** Shows all sensors with what is near them, or else the surroundings of the origin. */
  showHome(origin: Position | null, sensors: readonly Sensor[]): void {
    // A receiver that hears for hundreds of kilometres must not shrink everything else to a dot.
    const circles = sensors.map((sensor) => ({
      at: sensor as Position,
      range_m: Math.min(sensor.range_m ?? 0, HOME_RANGE_M),
    }));
    if (origin !== null && circles.every(({ range_m }) => range_m === 0)) {
      circles.push({ at: origin, range_m: HOME_RANGE_M });
    }
    const corners = circles.flatMap(({ at, range_m }) =>
      [0, 90, 180, 270].map((azimuth_deg) => destination(at, azimuth_deg, range_m)),
    );
    if (corners.length > 0) this.#fit(L.latLngBounds(corners.map((at) => [at.lat_deg, at.lon_deg])));
  }

  #fit(bounds: L.LatLngBounds): void {
    this.#map.fitBounds(bounds, { padding: [12, 12] });
    this.#fitted = { bounds, centre: this.#map.getCenter(), zoom: this.#map.getZoom() };
  }

  /** The middle stays where it is; a view that nobody has touched since it was fitted is fitted to the new size. */
  #resized(): void {
    const centre = this.#map.getCenter();
    const fitted = this.#fitted;
    const untouched = fitted !== null && fitted.zoom === this.#map.getZoom() && fitted.centre.equals(centre);
    this.#map.invalidateSize({ pan: true, animate: false });
    if (untouched) this.#fit(fitted.bounds);
  }

  #showScale(): void {
    this.#scale.show(EQUATOR_M * Math.cos(radians(this.#map.getCenter().lat)) / (TILE_PX * 2 ** this.#map.getZoom()));
  }

  #listen(events: MapEvents): void {
    const reach = matchMedia("(pointer: coarse)").matches ? PICK_TOUCH_PX : PICK_PX;
    const under = (event: L.LeafletMouseEvent): string | null =>
      this.#tracks.pick(event.containerPoint, reach)?.track.id ?? null;
    this.#map.on("click", (event) => events.selected(under(event)));
    this.#map.on("mousemove", (event) => {
      const id = under(event);
      this.#map.getContainer().classList.toggle("over-track", id !== null);
      events.hovered(id);
      const at = event.latlng.wrap();
      events.pointed({ lat_deg: at.lat, lon_deg: at.lng });
    });
    this.#map.on("mouseout", () => {
      events.hovered(null);
      events.pointed(null);
    });
    this.#map.on("dragstart", () => events.dragged());
  }
}
