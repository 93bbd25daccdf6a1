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
const LIBRARIES = [{ name: "leaflet", licence: "LICENSE" }];

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
  // The module form of Leaflet, so that what is not used is left out.
  alias: { leaflet: "./node_modules/leaflet/dist/leaflet-src.esm.js" },
  // Leaflet's pictures are for markers and a control that this page does not have.
  loader: { ".png": "empty" },
  logLevel: "warning",
});
await cp(join(here, "src/index.html"), join(out, "index.html"));
await cp(join(here, "src/icon.svg"), join(assets, "icon.svg"));
await writeFile(join(assets, "licences.txt"), await licences());

async function licences() {
  const texts = LIBRARIES.map(async ({ name, licence }) => {
    const folder = join(here, "node_modules", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    return `${name} ${version}\n\n${await readFile(join(folder, licence), "utf8")}`;
  });
  return (await Promise.all(texts)).join("\n\n");
}
