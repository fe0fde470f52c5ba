// What is open is in the address after #, so that an episode can be linked to and Back closes it.
const view = new EpisodeView();
const table = DATA.kind === "evaluation" ? new Table((place) => go(place)) : null;

function go(place) {
  location.hash = place === null ? "episodes" : encodeURIComponent(ROWS[place].name);
}

function follow() {
  let name = "";
  try { name = decodeURIComponent(location.hash.slice(1)); } catch { /* no name of ours */ }
  const row = ROWS.find((one) => one.name === name);
  if (!row) {
    if (table) { view.close(); table.mark(null); }
    return;
  }
  view.open(row.place);
  if (!table) return;
  table.mark(row.place);
  byId("previous").disabled = table.neighbour(row.place, -1) === null;
  byId("next").disabled = table.neighbour(row.place, 1) === null;
  byId("episode").scrollIntoView();
  byId("h-episode").focus({ preventScroll: true });
}

function beside(distance) {
  const place = view.place === null ? null : table.neighbour(view.place, distance);
  if (place !== null) go(place);
}

if (table) {
  byId("previous").addEventListener("click", () => beside(-1));
  byId("next").addEventListener("click", () => beside(1));
  byId("close").addEventListener("click", () => go(null));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && view.place !== null) go(null);
  });
  window.addEventListener("hashchange", follow);
  follow();
} else {
  document.querySelector("#episode .buttons").hidden = true;
  if (ROWS.length) view.open(0);
}
window.addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details")) one.open = true;
});
