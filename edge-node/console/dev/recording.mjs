/** What the mock node's recorder keeps: a picture now and then, and a tile for its map. */
import { crc32, deflateSync } from "node:zlib";

/** Pictures kept; the oldest makes room. */
const PICTURES_MAX = 900;

export class Recording {
  #pictures = [];

  /** Takes the picture as the wire has it. */
  keep(picture) {
    this.#pictures.push({ time_ms: picture.time_ms, text: JSON.stringify(picture) });
    if (this.#pictures.length > PICTURES_MAX) this.#pictures.shift();
  }

  span() {
    return { from: this.#pictures[0]?.time_ms ?? null, to: this.#pictures.at(-1)?.time_ms ?? null };
  }

  /** The newest picture that is not after a moment. */
  picture(at_ms) {
    return (this.#pictures.findLast(({ time_ms }) => time_ms <= at_ms) ?? this.#pictures[0])?.text ?? null;
  }

  track(id, from_ms, to_ms) {
    const points = [];
    for (const { text, time_ms } of this.#pictures) {
      if (time_ms < from_ms || time_ms > to_ms) continue;
      const track = JSON.parse(text).tracks.find((one) => one.id === id);
      if (track !== undefined) points.push(track);
    }
    return { points };
  }
}

/** A grey tile with an edge, as a PNG. */
export function tile() {
  const side = 256;
  const rows = Buffer.alloc(side * (side + 1), 150);
  for (let y = 0; y < side; y += 1) {
    rows[y * (side + 1)] = 0;
    if (y === 0) rows.fill(90, 1, side + 1);
    rows[y * (side + 1) + 1] = 90;
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.writeUInt8(8, 8);
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND")]);
}

function chunk(kind, body = Buffer.alloc(0)) {
  const told = Buffer.concat([Buffer.from(kind, "latin1"), body]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  sum.writeUInt32BE(crc32(told) >>> 0);
  return Buffer.concat([length, told, sum]);
}
