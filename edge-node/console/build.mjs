/**
 * Builds the page into `dist/`, or into the directory that COPMESH_CONSOLE_OUT names: `index.html` and `assets/`.
 * `--dev` keeps the code readable and adds source maps.
 */
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.env.COPMESH_CONSOLE_OUT ?? join(here, "dist"));
const assets = join(out, "assets");
const dev = process.argv.includes("--dev");

/** Libraries that end up in the page, with the file that holds their licence. */
const LIBRARIES = [
  { name: "leaflet", licence: "LICENSE", what: "map" },
  { name: "milsymbol", licence: "LICENSE", what: "APP-6 symbols" },
  { name: "magvar", licence: "LICENSE", what: "World Magnetic Model 2025" },
  { name: "topojson-client", licence: "LICENSE", what: "reads the outlines" },
  { name: "world-atlas", licence: "LICENSE", what: "outlines of the world, from Natural Earth (public domain)" },
];

await rm(assets, { recursive: true, force: true });
await mkdir(assets, { recursive: true });
await esbuild.build({
  absWorkingDir: here,
  entryPoints: { console: "src/main.ts" },
  outdir: assets,
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  minify: !dev,
  sourcemap: dev ? "linked" : false,
  // The module forms of Leaflet and milsymbol, so that what is not used is left out.
  alias: {
    leaflet: "./node_modules/leaflet/dist/leaflet-src.esm.js",
    "@milsymbol": "./node_modules/milsymbol/src",
  },
  // Leaflet's pictures are for markers and a control that this page does not have.
  loader: { ".png": "empty" },
  logLevel: "warning",
});
await cp(join(here, "src/index.html"), join(out, "index.html"));
await cp(join(here, "src/icon.svg"), join(assets, "icon.svg"));
await cp(join(here, "node_modules/world-atlas/countries-50m.json"), join(assets, "world.json"));
await writeFile(join(assets, "licences.txt"), await licences());
await writeFile(join(assets, "libraries.json"), JSON.stringify(await libraries()));

async function libraries() {
  const told = LIBRARIES.map(async ({ name, what }) => {
    const { version, license } = JSON.parse(await readFile(join(here, "node_modules", name, "package.json"), "utf8"));
    return { name, version, licence: license, what };
  });
  return Promise.all(told);
}

async function licences() {
  const texts = LIBRARIES.map(async ({ name, licence }) => {
    const folder = join(here, "node_modules", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    return `${name} ${version}\n\n${await readFile(join(folder, licence), "utf8")}`;
  });
  return (await Promise.all(texts)).join("\n\n");
}
