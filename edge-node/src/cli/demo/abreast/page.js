// Lays out one frame per node, and tells twice a second how the links are.

const PERIOD_MS = 500;

const panes = document.getElementById("panes");
const links = document.getElementById("links");
const common = document.getElementById("common");

function frame(pane) {
  const element = document.createElement("iframe");
  element.src = pane.url;
  element.title = pane.name;
  return element;
}

function item(link) {
  const element = document.createElement("li");
  const kilobytes = (link.carried_bytes / 1000).toFixed(0);
  const healed = link.state === "whole" && link.healed_s !== null ? `, healed in ${link.healed_s.toFixed(1)} s` : "";
  element.className = link.state;
  element.textContent = `${link.between.join(" – ")}: ${link.state}, ${kilobytes} kB${healed}`;
  return element;
}

async function refresh() {
  try {
    const state = await (await fetch("state.json")).json();
    if (panes.childElementCount === 0) {
      panes.replaceChildren(...state.panes.map(frame));
    }
    links.replaceChildren(...state.links.map(item));
    common.textContent = `${state.common} of ${state.all} tracks on all nodes`;
  } catch {
    common.textContent = "the demo has ended";
  }
}

await refresh();
setInterval(refresh, PERIOD_MS);
