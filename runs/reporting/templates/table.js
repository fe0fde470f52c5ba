// The table of episodes: sorted by its head, filtered by the form above it.
const FIRST_ROWS = 200;

class Table {
  constructor(open) {
    this.open = open;
    this.key = null;
    this.rising = true;
    this.all = false;
    this.body = document.querySelector("#table tbody");
    this.shown = ROWS;
    this.fillSelects();
    this.wireHead();
    const form = byId("filters");
    form.addEventListener("input", () => this.update());
    form.addEventListener("change", () => this.update());
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => this.update()));
    byId("more").addEventListener("click", () => { this.all = true; this.update(); });
    for (const button of document.querySelectorAll("button[data-task]")) {
      button.addEventListener("click", () => this.only(button.dataset.task));
    }
    this.update();
  }

  fillSelects() {
    for (const key of ["task", "split", "result", "end"]) {
      const counts = new Map();
      for (const row of ROWS) counts.set(row[key], (counts.get(row[key]) || 0) + 1);
      for (const value of [...counts.keys()].sort()) {
        const words = key === "result" ? RESULTS[value][0] : value || "none";
        const option = make("option", {}, `${shorten(words, 60)} (${counts.get(value)})`);
        option.value = value === "" ? "\u0000" : value;
        byId(`f-${key}`).append(option);
      }
    }
  }

  wireHead() {
    for (const cell of document.querySelectorAll("#table th")) {
      const button = make("button", { type: "button", class: "sort" }, cell.textContent);
      button.addEventListener("click", () => this.sortBy(cell.dataset.key));
      cell.replaceChildren(button);
    }
  }

  sortBy(key) {
    this.rising = this.key === key ? !this.rising : true;
    this.key = key;
    for (const cell of document.querySelectorAll("#table th")) {
      if (cell.dataset.key === key) {
        cell.setAttribute("aria-sort", this.rising ? "ascending" : "descending");
      } else cell.removeAttribute("aria-sort");
    }
    this.update();
  }

  only(task) {
    byId("filters").reset();
    byId("f-task").value = task;
    this.update();
    byId("episodes").scrollIntoView();
  }

  matching() {
    const chosen = {};
    for (const key of ["task", "split", "result", "end"]) chosen[key] = byId(`f-${key}`).value;
    const words = byId("f-text").value.toLowerCase().split(/\s+/).filter(Boolean);
    return ROWS.filter((row) => {
      for (const [key, value] of Object.entries(chosen)) {
        if (value && row[key] !== (value === "\u0000" ? "" : value)) return false;
      }
      if (!words.length) return true;
      const parts = [row.name, row.task, row.text, row.why, row.end, row.error, `seed ${row.seed}`];
      const text = parts.join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }

  update() {
    this.shown = this.matching();
    if (this.key) {
      const key = this.key, sign = this.rising ? 1 : -1;
      const value = (row) => key === "done" ? row.done / Math.max(1, row.subtasks) : row[key];
      this.shown.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        return sign * (x < y ? -1 : x > y ? 1 : 0) || a.place - b.place;
      });
    }
    const drawn = this.all ? this.shown : this.shown.slice(0, FIRST_ROWS);
    this.body.replaceChildren(...drawn.map((row) => this.line(row)));
    const won = this.shown.filter((r) => r.result === "success" || r.result === "missed").length;
    byId("count").textContent =
      `${this.shown.length} of ${ROWS.length} episodes, ${won} successes. ` +
      "Choose one for its timeline" + (DATA.videos ? " and video." : ".");
    const more = byId("more");
    more.hidden = drawn.length === this.shown.length;
    more.textContent = `show all ${this.shown.length}`;
  }

  line(row) {
    const [words, kind] = RESULTS[row.result];
    const button = make("button", { type: "button", class: "link ext" }, row.task);
    const why = row.error || row.why || row.end;
    const line = make("tr", { "data-place": row.place },
      make("td", {}, button),
      make("td", { class: "less ext" }, row.split),
      make("td", { class: "num" }, row.seed),
      make("td", { class: `result ${kind}` }, words),
      make("td", { class: "ext why less", title: why }, shorten(why, 80)),
      make("td", { class: "num less" }, `${row.done}/${row.subtasks}`),
      make("td", { class: "num less" }, row.timeouts),
      make("td", { class: "num less" }, row.replans),
      make("td", { class: "num" }, row.steps),
      make("td", { class: "num less" }, row.seconds.toFixed(1)));
    line.addEventListener("click", () => this.open(row.place));
    return line;
  }

  mark(place) {
    for (const line of this.body.children) {
      line.classList.toggle("chosen", Number(line.dataset.place) === place);
    }
  }

  neighbour(place, distance) {
    const at = this.shown.findIndex((row) => row.place === place);
    const other = this.shown[at + distance];
    return at >= 0 && other ? other.place : null;
  }
}
