/**
 * Which labels are shown and where: greedily by importance, each in the first place around its symbol that is still free;
 * where the whole label finds none, its first line alone may. A label keeps its place, and its precedence among equals,
 * from one drawing to the next, so that text does not flicker while tracks pass each other.
 */
import type { Point } from "./view.ts";

export interface Size {
  width: number;
  height: number;
}

export interface LabelRequest extends Point {
  id: string;
  /** The whole label, then shorter forms of it. */
  sizes: readonly Size[];
  /** Smaller is more important; 0 is always shown. */
  importance: number;
}

/** Top left corner of a label that found room, and which of its sizes did. */
export interface PlacedLabel extends Point {
  id: string;
  form: number;
}

/** Where beside its symbol a label stands. */
interface Choice {
  place: number;
  form: number;
  corner: Point;
  box: Box;
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Half the side of the square a symbol keeps free of labels. */
const SYMBOL_HALF_PX = 8;

/** Distance of a label from the middle of its symbol, straight and aslant. */
const GAP_PX = 15;
const SLANT_PX = 9;

const CELL_PX = 64;

/** The places in order of preference, as functions of the symbol's position and the label's size. */
const PLACES: readonly ((at: Point, size: Size) => Point)[] = [
  ({ x, y }, { height }) => ({ x: x + GAP_PX, y: y - height / 2 }),
  ({ x, y }, { width, height }) => ({ x: x - GAP_PX - width, y: y - height / 2 }),
  ({ x, y }, { width, height }) => ({ x: x - width / 2, y: y - GAP_PX - height }),
  ({ x, y }, { width }) => ({ x: x - width / 2, y: y + GAP_PX }),
  ({ x, y }, { height }) => ({ x: x + SLANT_PX, y: y - SLANT_PX - height }),
  ({ x, y }) => ({ x: x + SLANT_PX, y: y + SLANT_PX }),
  ({ x, y }, { width, height }) => ({ x: x - SLANT_PX - width, y: y - SLANT_PX - height }),
  ({ x, y }, { width }) => ({ x: x - SLANT_PX - width, y: y + SLANT_PX }),
];

export class Labeller {
  #places = new Map<string, number>();

  /** Places the labels of one drawing, inside `bounds` where it can be had. `obstacles` are the symbols' positions. */
  place(requests: readonly LabelRequest[], obstacles: readonly Point[], bounds: Box): PlacedLabel[] {
    const taken = new Occupancy();
    for (const symbol of obstacles) taken.add(around(symbol));
    const places = new Map<string, number>();
    const placed: PlacedLabel[] = [];
    for (const request of this.#ordered(requests)) {
      const choice = this.#choose(request, taken, bounds);
      if (choice === null) continue;
      places.set(request.id, choice.place);
      taken.add(choice.box);
      placed.push({ id: request.id, form: choice.form, ...choice.corner });
    }
    this.#places = places;
    return placed;
  }

  #ordered(requests: readonly LabelRequest[]): LabelRequest[] {
    const shown = (request: LabelRequest): number => (this.#places.has(request.id) ? 0 : 1);
    return [...requests].sort(
      (a, b) => a.importance - b.importance || shown(a) - shown(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
    );
  }

  #choose(request: LabelRequest, taken: Occupancy, bounds: Box): Choice | null {
    const before = this.#places.get(request.id) ?? 0;
    let outside: Choice | null = null;
    for (let form = 0; form < request.sizes.length; form += 1) {
      for (let turn = 0; turn < PLACES.length; turn += 1) {
        const choice = choiceAt(request, (before + turn) % PLACES.length, form);
        if (!taken.free(choice.box)) continue;
        if (inside(choice.box, bounds)) return choice;
        outside ??= choice;
      }
    }
    return outside ?? (request.importance === 0 ? choiceAt(request, before, 0) : null);
  }
}

/** Boxes on a coarse grid, so that a question looks at a few neighbours only. */
class Occupancy {
  readonly #cells = new Map<number, Box[]>();

  add(box: Box): void {
    for (const cell of cellsOf(box)) {
      const boxes = this.#cells.get(cell);
      if (boxes === undefined) this.#cells.set(cell, [box]);
      else boxes.push(box);
    }
  }

  free(box: Box): boolean {
    return cellsOf(box).every((cell) => !(this.#cells.get(cell) ?? []).some((other) => overlap(box, other)));
  }
}

function cellsOf(box: Box): number[] {
  const cells: number[] = [];
  for (let row = Math.floor(box.top / CELL_PX); row <= Math.floor(box.bottom / CELL_PX); row += 1) {
    for (let column = Math.floor(box.left / CELL_PX); column <= Math.floor(box.right / CELL_PX); column += 1) {
      cells.push(row * 65_536 + column);
    }
  }
  return cells;
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function inside(box: Box, bounds: Box): boolean {
  return (
    box.left >= bounds.left && box.right <= bounds.right && box.top >= bounds.top && box.bottom <= bounds.bottom
  );
}

function around({ x, y }: Point): Box {
  return { left: x - SYMBOL_HALF_PX, top: y - SYMBOL_HALF_PX, right: x + SYMBOL_HALF_PX, bottom: y + SYMBOL_HALF_PX };
}

function choiceAt(request: LabelRequest, place: number, form: number): Choice {
  const size = request.sizes[form] ?? { width: 0, height: 0 };
  const corner = PLACES[place]?.(request, size) ?? request;
  const box = { left: corner.x, top: corner.y, right: corner.x + size.width, bottom: corner.y + size.height };
  return { place, form, corner: { x: corner.x, y: corner.y }, box };
}

/** Names this near to each other would hide one another. */
const NAME_WIDTH_PX = 70;
const NAME_HEIGHT_PX = 12;

/** The first place at or below a point where no name stands. */
export function freeBelow(wanted: Point, named: readonly Point[]): Point {
  const taken = ({ x, y }: Point): boolean =>
    named.some((one) => Math.abs(one.x - x) < NAME_WIDTH_PX && Math.abs(one.y - y) < NAME_HEIGHT_PX);
  let place = wanted;
  for (let tries = 0; tries < named.length && taken(place); tries += 1) place = { x: place.x, y: place.y + NAME_HEIGHT_PX };
  return place;
}
