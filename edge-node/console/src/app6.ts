/** Draws APP-6 symbols into sprites, with the colours of the theme. The library's other symbol sets are not built in. */
import { ms } from "@milsymbol/milsymbol.js";
import air from "@milsymbol/numbersidc/sidc/air.js";
import equipment from "@milsymbol/numbersidc/sidc/landequipment.js";
import sea from "@milsymbol/numbersidc/sidc/sea.js";
import signals from "@milsymbol/numbersidc/sidc/signalsintelligence.js";
import type { Palette } from "./palette.ts";
import { sidc } from "./sidc.ts";
import type { Look } from "./symbols.ts";

ms.addIcons([air, equipment, sea, signals]);

/** The library's measure of a symbol; the widest frame is half as wide again. */
const SIZE_PX = 18;

/** In hundredths of the symbol's size, as the library counts. */
const STROKE = 7;
const OUTLINE = 6;

/** Draws with the middle of the symbol at the origin of `context`. What is not confirmed has a frame without a filling. */
export function drawApp6(context: CanvasRenderingContext2D, look: Look, palette: Palette, pixelRatio: number): void {
  // What the library paints white, as the gaps of a broken frame, would shine by night.
  ms.setColorMode("OffWhite", everywhere(palette.symbolWhite));
  const filled = look.status === "confirmed" && !look.silent;
  const symbol = new ms.Symbol(sidc(look.class, look.affiliation, look.silent ? "coasted" : look.status), {
    size: SIZE_PX,
    civilianColor: false,
    strokeWidth: STROKE,
    outlineWidth: OUTLINE,
    outlineColor: palette.halo,
    fontfamily: "system-ui, sans-serif",
    ...(filled ? { fillColor: palette.fill[look.affiliation] } : { fill: false, monoColor: palette.ink[look.affiliation] }),
  });
  const { x, y } = symbol.getAnchor();
  const { width, height } = symbol.getSize();
  context.drawImage(symbol.asCanvas(pixelRatio), -x, -y, width, height);
}

function everywhere(colour: string) {
  return { Civilian: colour, Friend: colour, Hostile: colour, Neutral: colour, Unknown: colour, Suspect: colour };
}
