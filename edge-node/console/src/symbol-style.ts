/** The two ways to draw a track: by the standard, or by shapes that turn with the course. */
export const SYMBOL_STYLES = ["app6", "plain"] as const;
export type SymbolStyle = (typeof SYMBOL_STYLES)[number];
