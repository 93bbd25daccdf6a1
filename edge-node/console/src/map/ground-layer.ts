/**
 * What lies under the tracks: the outlines of the world unless there are map tiles, graticule with its figures, what each
 * sensor covers, the sensors themselves. Drawn only when the view, the theme or a sensor changes.
 */
import { destination } from "../geodesy.ts";
import * as format from "../format.ts";
import type { Palette } from "../palette.ts";
import type { Position } from "../protocol.ts";
import type { Settings } from "../settings.ts";
import type { SensorEntry } from "../track-store.ts";
import { CanvasLayer, LAYER_MARGIN_PX } from "./canvas-layer.ts";
import { graticule } from "./graticule.ts";
import { freeBelow } from "./labels.ts";
import { type World, traceOutlines } from "./world.ts";
import { type Point, type View, inView, metresPerPixel, project, unproject } from "./view.ts";

/** Everything the ground shows, asked for at every drawing. */
export interface GroundScene {
  palette(): Palette;
  settings(): Settings;
  sensors(): SensorEntry[];
  /** The outlines; `null` until they are there, or when another map is chosen. */
  world(): World | null;
}

const FONT = "11px system-ui, sans-serif";
const RING_POINTS = 360;

/** Rings stand at these parts of a sensor's range; the outermost, at its end, is drawn stronger. */
const RING_PARTS = [0.5, 1] as const;

/** A sensor whose range is smaller than this on the screen has its outermost ring only. */
const INNER_RINGS_PX = 200;

export class GroundLayer extends CanvasLayer {
  readonly #scene: GroundScene;

  constructor(scene: GroundScene) {
    super("overlayPane");
    this.#scene = scene;
  }

  protected override draw(context: CanvasRenderingContext2D, view: View): void {
    const palette = this.#scene.palette();
    const settings = this.#scene.settings();
    const sensors = this.#scene.sensors();
    context.font = FONT;
    context.lineWidth = 1;
    const world = this.#scene.world();
    if (world !== null) drawWorld(context, view, world, palette);
    if (settings.graticule) drawGraticule(context, view, palette);
    if (settings.rings) for (const entry of sensors) drawRings(context, view, entry, palette);
    const named: Point[] = [];
    for (const entry of sensors) drawSensor(context, view, entry, named, palette);
  }
}

function drawWorld(context: CanvasRenderingContext2D, view: View, world: World, palette: Palette): void {
  context.fillStyle = palette.land;
  context.strokeStyle = palette.coast;
  context.lineJoin = "round";
  context.beginPath();
  traceOutlines(context, view, world.land, true);
  context.fill();
  context.stroke();
  context.strokeStyle = palette.border;
  context.setLineDash([6, 4]);
  context.beginPath();
  traceOutlines(context, view, world.borders, false);
  context.stroke();
  context.setLineDash([]);
}

function drawGraticule(context: CanvasRenderingContext2D, view: View, palette: Palette): void {
  const { spacing_deg, parallels_deg, meridians_deg } = graticule(view);
  context.strokeStyle = palette.grid;
  context.fillStyle = palette.gridText;
  context.beginPath();
  context.textBaseline = "bottom";
  context.textAlign = "left";
  for (const lat_deg of parallels_deg) {
    const y = crisp(project(view, { lat_deg, lon_deg: 0 }).y);
    context.moveTo(0, y);
    context.lineTo(view.width, y);
    context.fillText(format.graticuleLabel(lat_deg, spacing_deg, "N", "S"), LAYER_MARGIN_PX + 48, y - 2);
  }
  for (const lon_deg of meridians_deg) {
    const x = crisp(meridianX(view, lon_deg));
    context.moveTo(x, 0);
    context.lineTo(x, view.height);
    const wrapped = ((((lon_deg + 180) % 360) + 360) % 360) - 180;
    context.fillText(format.graticuleLabel(wrapped, spacing_deg, "E", "W"), x + 4, LAYER_MARGIN_PX + 18);
  }
  context.stroke();
}

/** `project` picks the nearest copy of the world; meridians run through all of them. */
function meridianX(view: View, lon_deg: number): number {
  const left_deg = unproject(view, { x: 0, y: 0 }).lon_deg;
  const right_deg = unproject(view, { x: view.width, y: 0 }).lon_deg;
  return ((lon_deg - left_deg) / (right_deg - left_deg)) * view.width;
}

/** What a sensor covers; of one that is late or down, what it should cover, in the colour of its state and broken. */
function drawRings(context: CanvasRenderingContext2D, view: View, entry: SensorEntry, palette: Palette): void {
  const { sensor } = entry;
  if (sensor === null || sensor.range_m === null) return;
  const works = entry.status === null || entry.status.state === "ok";
  const range_px = sensor.range_m / metresPerPixel(view, sensor.lat_deg);
  const parts = range_px > INNER_RINGS_PX ? RING_PARTS : RING_PARTS.slice(-1);
  context.strokeStyle = works ? palette.ring : stateColour(entry, palette);
  context.fillStyle = palette.gridText;
  context.textAlign = "center";
  context.textBaseline = "bottom";
  for (const part of parts) {
    context.setLineDash(part === 1 ? (works ? [] : [10, 7]) : [3, 5]);
    context.lineWidth = part === 1 ? 1.5 : 1;
    const range_m = sensor.range_m * part;
    ring(context, view, sensor, range_m);
    const top = project(view, destination(sensor, 0, range_m));
    context.fillText(format.roundLength(range_m), top.x, top.y - 2);
  }
  context.setLineDash([]);
}

function ring(context: CanvasRenderingContext2D, view: View, sensor: Position, range_m: number): void {
  context.beginPath();
  for (let index = 0; index <= RING_POINTS; index += 1) {
    const { x, y } = project(view, destination(sensor, (360 * index) / RING_POINTS, range_m));
    if (index === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.stroke();
}

/** `named` holds where names stand so far: those of sensors on one mast go below one another. */
function drawSensor(
  context: CanvasRenderingContext2D,
  view: View,
  entry: SensorEntry,
  named: Point[],
  palette: Palette,
): void {
  if (entry.sensor === null) return;
  const at = project(view, entry.sensor);
  if (!inView(view, at, 40)) return;
  const colour = stateColour(entry, palette);
  sensorMark(context, at, colour);
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.lineWidth = 3;
  context.strokeStyle = palette.ground;
  const name = freeBelow({ x: at.x + 10, y: at.y }, named);
  named.push(name);
  const text = sensorText(entry);
  context.strokeText(text, name.x, name.y);
  context.fillStyle = colour;
  context.fillText(text, name.x, name.y);
}

function stateColour({ status }: SensorEntry, palette: Palette): string {
  if (status === null || status.state === "ok") return palette.sensor;
  return status.state === "down" ? palette.sensorDown : palette.sensorLate;
}

/** A name, and the state of what does not work: colour alone is not enough. */
function sensorText({ name, status }: SensorEntry): string {
  return status === null || status.state === "ok" ? name : `${name} · ${status.state.toUpperCase()}`;
}

function sensorMark(context: CanvasRenderingContext2D, { x, y }: Point, colour: string): void {
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  context.arc(x, y, 6, 0, 2 * Math.PI);
  context.stroke();
  context.beginPath();
  context.arc(x, y, 2, 0, 2 * Math.PI);
  context.fill();
}

/** The middle of a device pixel row, where a one-pixel line is sharp. */
function crisp(value: number): number {
  return Math.round(value) + 0.5;
}
