/**
 * The map: Leaflet with our two canvas layers. Tiles come from the node's own disk and never from the internet; they lie in
 * Leaflet's `tilePane`, under both canvases.
 */
import * as L from "leaflet";
import { byId } from "../dom.ts";
import { EQUATOR_M, destination, radians } from "../geodesy.ts";
import type { MapView } from "../address.ts";
import { type LocalMap, tileAddress } from "../maps.ts";
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
  /** A click at a place, on a track if there is one. */
  clicked(at: Position, id: string | null): void;
  hovered(id: string | null): void;
  /** The pointer is over a position, or has left the map. */
  pointed(at: Position | null): void;
  /** The operator took hold of the map. */
  dragged(): void;
  /** The view is another now. */
  moved(): void;
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
  #tiles: L.TileLayer | null = null;

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

  view(): MapView {
    const { lat, lng } = this.#map.getCenter().wrap();
    return { lat_deg: lat, lon_deg: lng, zoom: this.#map.getZoom() };
  }

  showView({ lat_deg, lon_deg, zoom }: MapView): void {
    this.#map.setView([lat_deg, lon_deg], zoom, { animate: false });
    this.#fitted = null;
  }

  /** West, south, east and north of what is on the screen, with `part` of its width and height more on every side. */
  bounds(part: number): [number, number, number, number] {
    const around = this.#map.getBounds().pad(part);
    return [around.getWest(), around.getSouth(), around.getEast(), around.getNorth()];
  }

  /** Lays a map of the node's under the picture, or takes away the one that is there. */
  showTiles(map: LocalMap | null): void {
    this.#tiles?.remove();
    this.#tiles = null;
    if (map === null) return;
    const { zoom_min, zoom_max, bounds } = map;
    const [west, south, east, north] = bounds ?? [-180, -90, 180, 90];
    const options = {
      minNativeZoom: zoom_min,
      maxNativeZoom: zoom_max,
      // Nothing is asked for that the map does not have.
      ...(bounds === null ? {} : { bounds: L.latLngBounds([south, west], [north, east]) }),
      updateWhenZooming: false,
      keepBuffer: 1,
    };
    this.#tiles = L.tileLayer(tileAddress(map), options).addTo(this.#map);
  }

  /** How many tracks the last drawing held, and how many of them as whole symbols. */
  get drawn(): { tracks: number; full: number } {
    return this.#tracks.drawn;
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
    this.#map.on("click", (event) => events.clicked(place(event.latlng), under(event)));
    this.#map.on("moveend zoomend", () => events.moved());
    this.#map.on("mousemove", (event) => {
      const id = under(event);
      this.#map.getContainer().classList.toggle("over-track", id !== null);
      events.hovered(id);
      events.pointed(place(event.latlng));
    });
    this.#map.on("mouseout", () => {
      events.hovered(null);
      events.pointed(null);
    });
    this.#map.on("dragstart", () => events.dragged());
  }
}

function place(at: L.LatLng): Position {
  const { lat, lng } = at.wrap();
  return { lat_deg: lat, lon_deg: lng };
}
