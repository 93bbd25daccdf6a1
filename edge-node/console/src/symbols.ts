/**
 * Track symbols of our own drawing: the shape says what it is, the colour and the thin frame say whose it is, and the
 * filling says how sure the tracker is. Colour never stands alone: the frame repeats it for those who cannot tell red from
 * green (circle friend, diamond hostile, square neutral, dashed where assumed or suspected). A bar below says that the
 * state is not the tracker's own but was told by a sensor: a source track. What nobody tells of any more is hollow, broken
 * and struck through.
 *
 * Each distinct symbol is drawn once and kept as a small canvas. Symbols of APP-6 can be chosen instead; bar and stroke are
 * the same for both.
 */
import { drawApp6 } from "./app6.ts";
import { radians } from "./geodesy.ts";
import type { Palette } from "./palette.ts";
import type { Affiliation, ObjectClass, Track, TrackStatus } from "./protocol.ts";
import type { SymbolStyle } from "./symbol-style.ts";

/** Half the side of a symbol's canvas in CSS pixels, frame included. */
export const SYMBOL_HALF_PX = 17;

/** Symbols kept at once; when full, all are forgotten and drawn again as needed. */
export const SPRITES_MAX = 2_048;

/** Courses are drawn in steps of this size; the speed vector shows the exact one. */
const COURSE_STEP_DEG = 5;

const BODY_PX = 8.5;
const FRAME_PX = 12;
/** Half the length of the bar, and how far below the middle it lies. */
const BAR_PX = 8;
const BAR_Y_PX = 14.5;

/** What makes two symbols look the same. */
export interface Look {
  style: SymbolStyle;
  class: ObjectClass;
  affiliation: Affiliation;
  status: TrackStatus;
  course_deg: number;
  /** Whether its state was told rather than computed here. */
  told: boolean;
  /** Whether nobody has told of it for too long: hollow and broken, and struck through. */
  silent: boolean;
}

/** The look of a track: only plain shapes that have a front are turned. */
export function lookOf(track: Track, style: SymbolStyle): Look {
  const turns = style === "plain" && SHAPES[track.class].front;
  const turned = turns && track.course_deg !== null ? track.course_deg : 0;
  const course_deg = (Math.round(turned / COURSE_STEP_DEG) * COURSE_STEP_DEG) % 360;
  const { affiliation, status, source_track: told } = track;
  return { style, class: track.class, affiliation, status, course_deg, told, silent: track.silent_since_ms !== null };
}

/** Symbols drawn so far, for one palette and one pixel ratio at a time. */
export class SymbolSheet {
  readonly #sprites = new Map<string, HTMLCanvasElement>();
  #key = "";

  /** The symbol for a look, ready for `drawImage` with its centre in the middle. */
  sprite(look: Look, palette: Palette, pixelRatio: number): HTMLCanvasElement {
    const sheet = `${palette.key} ${pixelRatio}`;
    if (sheet !== this.#key || this.#sprites.size >= SPRITES_MAX) this.#sprites.clear();
    this.#key = sheet;
    const key = `${look.style} ${look.class} ${look.affiliation} ${look.status} ${look.course_deg} ${look.told} ${look.silent}`;
    let sprite = this.#sprites.get(key);
    if (sprite === undefined) {
      sprite = drawSprite(look, palette, pixelRatio);
      this.#sprites.set(key, sprite);
    }
    return sprite;
  }
}

function drawSprite(look: Look, palette: Palette, pixelRatio: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil(2 * SYMBOL_HALF_PX * pixelRatio);
  const context = canvas.getContext("2d");
  if (context === null) return canvas;
  context.scale(pixelRatio, pixelRatio);
  context.translate(SYMBOL_HALF_PX, SYMBOL_HALF_PX);
  if (look.style === "app6") drawApp6(context, look, palette, pixelRatio);
  else drawFrame(context, look.affiliation, palette);
  if (look.told) drawBar(context, look.affiliation, palette);
  if (look.style === "plain") drawBody(context, look, palette);
  else if (look.class === "emitter") drawMast(context, look, palette);
  if (look.silent) drawStroke(context, look, palette);
  return canvas;
}

function drawFrame(context: CanvasRenderingContext2D, affiliation: Affiliation, palette: Palette): void {
  const frame = FRAMES[affiliation];
  if (frame === null) return;
  context.strokeStyle = palette.ink[affiliation];
  context.lineWidth = 1.25;
  context.setLineDash(DASHED.has(affiliation) ? [3, 2.5] : []);
  context.beginPath();
  frame(context);
  context.closePath();
  context.stroke();
  context.setLineDash([]);
}

function drawBar(context: CanvasRenderingContext2D, affiliation: Affiliation, palette: Palette): void {
  for (const [width, colour] of [[4.5, palette.halo], [2.5, palette.ink[affiliation]]] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(-BAR_PX, BAR_Y_PX);
    context.lineTo(BAR_PX, BAR_Y_PX);
    context.stroke();
  }
}

/** From corner to corner, whichever way the body is turned. */
function drawStroke(context: CanvasRenderingContext2D, look: Look, palette: Palette): void {
  context.rotate(-radians(look.course_deg));
  context.setLineDash([]);
  context.strokeStyle = palette.ink[look.affiliation];
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(-BODY_PX, BODY_PX);
  context.lineTo(BODY_PX, -BODY_PX);
  context.stroke();
}

function drawBody(context: CanvasRenderingContext2D, look: Look, palette: Palette): void {
  const { area, lines } = SHAPES[look.class];
  const confirmed = look.status === "confirmed" && !look.silent;
  context.rotate(radians(look.course_deg));
  context.lineJoin = "round";
  context.lineCap = "round";
  if (lines !== undefined) drawLines(context, lines, look, palette);
  context.fillStyle = confirmed ? palette.fill[look.affiliation] : palette.halo;
  context.strokeStyle = confirmed ? palette.outline : palette.ink[look.affiliation];
  context.lineWidth = confirmed ? 2 : 1.5;
  context.setLineDash(look.status === "coasted" || look.silent ? [2.5, 2.5] : []);
  const body = new Path2D();
  area(body);
  // The outline of a filled shape goes under its filling, that of a hollow one over it.
  if (confirmed) context.stroke(body);
  context.fill(body);
  if (!confirmed) context.stroke(body);
}

/** The standard has signs for what an emitter is and none for one of which only that is known. */
function drawMast(context: CanvasRenderingContext2D, look: Look, palette: Palette): void {
  const path = new Path2D();
  SHAPES.emitter.area(path);
  SHAPES.emitter.lines?.(path);
  context.save();
  context.scale(0.62, 0.62);
  context.setLineDash([]);
  context.strokeStyle = look.status === "confirmed" && !look.silent ? palette.outline : palette.ink[look.affiliation];
  context.lineWidth = 2.4;
  context.stroke(path);
  context.restore();
}

function drawLines(context: CanvasRenderingContext2D, lines: Part, look: Look, palette: Palette): void {
  const path = new Path2D();
  lines(path);
  context.strokeStyle = palette.outline;
  context.lineWidth = 3.5;
  context.stroke(path);
  context.strokeStyle = palette.fill[look.affiliation];
  context.lineWidth = 1.75;
  context.stroke(path);
}

/** Closes a shape given by its right half from nose to tail, in parts of `BODY_PX`, mirrored to the left. */
function mirrored(path: Path2D, half: readonly (readonly [number, number])[]): void {
  const right = half.map(([x, y]) => [x * BODY_PX, y * BODY_PX] as const);
  const left = [...right].reverse().map(([x, y]) => [-x, y] as const);
  for (const [index, [x, y]] of [...right, ...left].entries()) {
    if (index === 0) path.moveTo(x, y);
    else path.lineTo(x, y);
  }
  path.closePath();
}

const AIRCRAFT = [
  [0, -1.05],
  [0.17, -0.75],
  [0.17, -0.3],
  [1, 0.25],
  [1, 0.48],
  [0.17, 0.22],
  [0.14, 0.68],
  [0.42, 0.9],
  [0.42, 1.05],
  [0, 0.95],
] as const;

const FLYING_WING = [
  [0, -0.75],
  [1.05, 0.5],
  [0.8, 0.75],
  [0, 0.3],
] as const;

const HULL = [
  [0, -1.1],
  [0.5, -0.4],
  [0.5, 0.9],
] as const;

const MAST = [
  [0, -0.15],
  [0.55, 0.95],
] as const;

type Part = (path: Path2D) => void;

/** A shape: an area, lines beside it, and whether it has a front that points along the course. */
interface Shape {
  front: boolean;
  area: Part;
  lines?: Part;
}

const SHAPES: Record<ObjectClass, Shape> = {
  unknown: { front: false, area: (path) => path.arc(0, 0, 0.62 * BODY_PX, 0, 2 * Math.PI) },
  air: { front: true, area: (path) => mirrored(path, AIRCRAFT) },
  uav: { front: true, area: (path) => mirrored(path, FLYING_WING) },
  rotary: {
    front: true,
    area: (path) => {
      path.rect(-0.12 * BODY_PX, 0, 0.24 * BODY_PX, 1.1 * BODY_PX);
      path.ellipse(0, -0.1 * BODY_PX, 0.36 * BODY_PX, 0.58 * BODY_PX, 0, 0, 2 * Math.PI);
    },
    lines: (path) => cross(path, 0.85 * BODY_PX, -0.1 * BODY_PX),
  },
  surface: { front: true, area: (path) => mirrored(path, HULL) },
  ground: {
    front: false,
    area: (path) => path.roundRect(-0.85 * BODY_PX, -0.55 * BODY_PX, 1.7 * BODY_PX, 1.1 * BODY_PX, 2),
  },
  emitter: {
    front: false,
    area: (path) => mirrored(path, MAST),
    lines: (path) => [0.45, 0.9].forEach((radius) => waves(path, radius * BODY_PX, -0.3 * BODY_PX)),
  },
};

function cross(path: Path2D, arm: number, centre_y: number): void {
  for (const side of [1, -1]) {
    path.moveTo(-arm, centre_y - side * arm);
    path.lineTo(arm, centre_y + side * arm);
  }
}

function waves(path: Path2D, radius: number, centre_y: number): void {
  const half = 0.7;
  for (const side of [0, Math.PI]) {
    path.moveTo(radius * Math.cos(side - half), centre_y + radius * Math.sin(side - half));
    path.arc(0, centre_y, radius, side - half, side + half);
  }
}

const circle = (context: CanvasRenderingContext2D): void => context.arc(0, 0, FRAME_PX, 0, 2 * Math.PI);

const square = (context: CanvasRenderingContext2D): void => context.rect(-10, -10, 20, 20);

const diamond = (context: CanvasRenderingContext2D): void => {
  const half = 13;
  context.moveTo(0, -half);
  context.lineTo(half, 0);
  context.lineTo(0, half);
  context.lineTo(-half, 0);
};

const FRAMES: Record<Affiliation, ((context: CanvasRenderingContext2D) => void) | null> = {
  unknown: null,
  pending: null,
  assumed_friend: circle,
  friend: circle,
  neutral: square,
  suspect: diamond,
  hostile: diamond,
};

const DASHED: ReadonlySet<Affiliation> = new Set(["assumed_friend", "suspect"]);
