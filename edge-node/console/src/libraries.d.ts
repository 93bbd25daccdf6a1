/** Types of what is used of libraries that bring none. */

declare module "magvar" {
  /** Declination in degrees, east positive; altitude in kilometres, time as a decimal year. */
  export function magvar(latitude: number, longitude: number, altitude_km?: number, when?: number | Date): number;
}

/** The parts of milsymbol, so that only the symbol sets in use are built in; the name is an alias of the build. */
declare module "@milsymbol/milsymbol.js" {
  export const ms: {
    addIcons(icons: readonly unknown[]): void;
    setColorMode(mode: string, colours: import("milsymbol").ColorMode): void;
    Symbol: new (
      sidc: string,
      options: import("milsymbol").SymbolOptions,
    ) => {
      asCanvas(pixelRatio: number): HTMLCanvasElement;
      getAnchor(): { x: number; y: number };
      getSize(): { width: number; height: number };
    };
  };
}

declare module "@milsymbol/numbersidc/sidc/*" {
  const icons: unknown;
  export default icons;
}
