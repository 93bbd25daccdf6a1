/** The built daemon (`COPMESH_BIN`) with a simulated airfield behind it, as its own process. It listens on loopback only. */
import { spawn } from "node:child_process";
import { once } from "node:events";

/** It ends by itself then, should nobody be left to stop it. */
const DURATION_S = 120;

const READY_MS_MAX = 15_000;

/** Starts a daemon on a port, or on a free one; resolves as soon as it answers. */
export async function startDaemon(port = 0) {
  const options = ["--scenario", "airfield", "--duration", DURATION_S, "--console", `127.0.0.1:${port}`, "--zenoh", "none"];
  const child = spawn(process.env.COPMESH_BIN, ["demo", ...options], { stdio: ["ignore", "ignore", "pipe"] });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  try {
    const url = await address(child);
    return { url, port: Number(new URL(url).port), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The daemon names its page on standard error once it listens. */
function address(child) {
  return new Promise((done, failed) => {
    let said = "";
    const fail = (why) => failed(new Error(`${why}: ${said.slice(-500)}`));
    const late = setTimeout(fail, READY_MS_MAX, "the daemon named no page");
    child.stderr.on("data", (part) => {
      said += part;
      const found = /console on (http:\S+)\s/.exec(said);
      if (found === null) return;
      clearTimeout(late);
      done(found[1]);
    });
    child.once("error", failed);
    child.once("exit", (code) => fail(`the daemon ended with ${code}`));
    child.once("exit", () => clearTimeout(late));
  });
}
