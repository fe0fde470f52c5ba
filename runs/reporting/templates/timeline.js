// One episode over time: what the agent believed in one panel, what was true in another. Choosing a
// moment in either seeks; `move` shows the moment somebody else chose.
const PAD = 10;
const BELIEF_HEIGHT = 276, TRUTH_HEIGHT = 104;

class Timeline {
  constructor(course, last, threshold, seek) {
    this.course = course;
    this.last = Math.max(1, last);
    this.threshold = threshold;
    this.seek = seek;
    this.step = 0;
    this.belief = make("div", {
      class: "lanes", tabindex: "0", role: "slider", "aria-label": "moment of the episode",
      "aria-valuemin": 0, "aria-valuemax": this.last,
    });
    this.truth = make("div", { class: "lanes" });
    this.readout = make("p", { class: "readout" });
    this.known = make("p", { class: "readout" });
    this.element = make("div", { class: "timeline" },
    make("h3", {}, "What the agent believed"), this.belief, this.readout,
    make("div", { class: "truth" },
      make("h3", {}, "What was true",
        make("span", { class: "of" }, " by the referee; never shown to the agent")),
      this.truth, this.known));
    for (const panel of [this.belief, this.truth]) this.wirePointer(panel);
    this.belief.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(this.belief);
  }

  wirePointer(panel) {
    const choose = (event) => {
      const box = panel.getBoundingClientRect();
      const share = (event.clientX - box.left - PAD) / (box.width - 2 * PAD);
      this.seek(Math.round(Math.min(1, Math.max(0, share)) * this.last));
    };
    panel.addEventListener("pointerdown", (event) => {
      panel.setPointerCapture(event.pointerId);
      choose(event);
    });
    panel.addEventListener("pointermove", (event) => {
      if (panel.hasPointerCapture(event.pointerId)) choose(event);
    });
  }

  key(event) {
    const moves = { ArrowLeft: -HZ / 2, ArrowRight: HZ / 2, ArrowDown: -1, ArrowUp: 1,
      PageDown: -5 * HZ, PageUp: 5 * HZ, Home: -this.last, End: this.last };
    if (!(event.key in moves)) return;
    event.preventDefault();
    const step = this.step + moves[event.key];
    this.seek(Math.round(Math.min(this.last, Math.max(0, step))));
  }

  x(step) { return PAD + (this.width - 2 * PAD) * step / this.last; }

  draw() {
    const width = this.belief.clientWidth;
    if (!width || width === this.width) return;
    this.width = width;
    this.belief.replaceChildren(this.drawBelief());
    this.truth.replaceChildren(this.drawTruth());
    this.move(this.step);
  }

  label(y, text) { return draw("text", { class: "lane", x: PAD, y }, text); }

  drawBelief() {
    const art = draw("svg", { width: this.width, height: BELIEF_HEIGHT });
    this.axis(art, 12, BELIEF_HEIGHT);
    const believed = this.course.believed;
    if (!believed) {
      art.append(this.label(60, "no record of what the agent did"));
      return this.withCursor(art, BELIEF_HEIGHT);
    }
    art.append(this.label(38, "subtasks"));
    for (const one of believed.attempts) art.append(this.band(one, 43));
    this.curve(art, believed.judge, believed.attempts, 94, 96);
    art.append(this.label(206, `policy, ${count(believed.policy.calls, "call")}`));
    this.calls(art, believed.policy.runs, 211);
    art.append(this.label(234, "plans, run-outs, incidents"));
    for (const [step, sign, kind, words] of this.happenings()) {
      art.append(draw("text", { class: `sign ${kind}`, x: this.x(step), y: kind === "late" ? 269 : 252 }, sign,
        draw("title", {}, `${seconds(step)}: ${words}`)));
    }
    return this.withCursor(art, BELIEF_HEIGHT);
  }

  axis(art, y, height) {
    const most = Math.max(2, Math.floor(this.width / 90)), span = this.last / HZ;
    const raw = span / most, power = 10 ** Math.floor(Math.log10(raw));
    const every = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw) || raw;
    for (let at = 0; at <= span + 1e-9; at += every) {
      const x = this.x(at * HZ), late = x > this.width - 40;
      art.append(draw("line", { class: "grid", x1: x, x2: x, y1: y + 4, y2: height }),
        draw("text", { class: "tick", x: late ? x - 2 : x + 2, y, "text-anchor": late ? "end" : "start" },
          `${+at.toFixed(6)} s`));
    }
  }

  band(one, y) {
    const x = this.x(one.from), width = Math.max(1, this.x(one.to) - x);
    const sign = { done: "✓", ran_out: "✗", cut: "…" }[one.outcome];
    const again = one.attempt ? ` (try ${one.attempt + 1})` : "";
    const words = `${sign} ${one.index + 1} ${one.text}${again}`;
    const group = draw("g", {},
      draw("rect", { class: `band ${one.outcome}`, x, y, width, height: 26, rx: 2 }),
      draw("title", {}, `${one.index + 1}. ${one.text}${again}: ${OUTCOMES[one.outcome]}` +
        (one.remedy ? `, ${REMEDIES[one.remedy]}` : "")));
    const most = Math.floor((width - 8) / 6.4);
    if (most >= 2) {
      group.append(draw("text", { class: "inband", x: x + 4, y: y + 17 }, shorten(words, most)));
    }
    return group;
  }

  curve(art, judge, attempts, top, height) {
    const sizes = judge.margin.map(Math.abs).sort((a, b) => a - b);
    const usual = sizes[Math.floor(sizes.length / 2)] || 0, largest = sizes.at(-1) || 1;
    const reach = Math.max(1.1 * largest, 1.6 * Math.abs(this.threshold), 1e-6);
    const squeezed = usual > 0 && reach > 5 * usual; // else a few far margins hide all the others
    const share = (m) => squeezed ? Math.asinh(m / usual) / Math.asinh(reach / usual) : m / reach;
    const y = (margin) => top + height / 2 - (height / 2 - 4) * share(margin);
    const how = squeezed ? ", squeezed away from 0" : "";
    art.append(this.label(top - 6, `judge's margin, ${count(judge.n, "verdict")}${how}`));
    const [left, right] = [this.x(0), this.x(this.last)];
    art.append(draw("rect", { class: "plot", x: left, y: top, width: right - left, height }),
      draw("line", { class: "zero", x1: left, x2: right, y1: y(0), y2: y(0) }),
      draw("line", { class: "threshold", x1: left, x2: right, y1: y(this.threshold), y2: y(this.threshold) }));
    const starts = attempts.map((one) => one.from);
    let points = [], owner = null;
    const flush = () => {
      if (points.length > 1) {
        art.append(draw("polyline", { class: "margin", points: points.join(" ") }));
      }
      points = [];
    };
    judge.step.forEach((step, i) => {
      // A verdict in the step of a change was still on the attempt before it.
      const mine = starts.filter((from) => from < step).length;
      if (mine !== owner) flush();
      owner = mine;
      points.push(`${this.x(step).toFixed(1)},${y(judge.margin[i]).toFixed(1)}`);
    });
    flush();
    const dense = judge.step.length > this.width / 8;
    judge.step.forEach((step, i) => {
      if (dense && !judge.accepted[i]) return;
      art.append(draw("circle", {
        class: judge.accepted[i] ? "verdict yes" : "verdict", r: judge.accepted[i] ? 3.5 : 2,
        cx: this.x(step), cy: y(judge.margin[i]),
      }, draw("title", {}, `${seconds(step)}: margin ${judge.margin[i]}, ` +
        (judge.accepted[i] ? "complete" : "not complete"))));
    });
    const show = (value) => (value > 0 ? "+" : "") + Number(value.toPrecision(2));
    art.append(draw("text", { class: "tick", x: left + 3, y: top + 11 }, show(reach)),
      draw("text", { class: "tick", x: left + 3, y: top + height - 4 }, show(-reach)),
      draw("text", { class: "tick threshold-text", x: right - 3, y: y(this.threshold) - 4, "text-anchor": "end" },
        `threshold ${Number(this.threshold.toPrecision(3))}`));
  }

  calls(art, runs, y) {
    for (const [first, last, distance] of runs) {
      const [from, to] = [this.x(first), this.x(last)];
      if (last === first || (this.x(distance) - this.x(0)) < 3) {
        art.append(draw("rect", { class: "call", x: from, y, width: Math.max(1, to - from), height: 8 }));
        continue;
      }
      for (let step = first; step <= last; step += distance) {
        art.append(draw("rect", { class: "call", x: this.x(step), y, width: 1, height: 8 }));
      }
    }
  }

  happenings() {
    const believed = this.course.believed, found = [];
    for (const plan of believed.plans) {
      const who = plan.made_by || this.course.planner;
      const words = `${plan.anew ? "planned anew" : "planned"}: ${count(plan.subtasks.length, "subtask")}, by ${who}`;
      found.push([plan.step, plan.anew ? "◆" : "◇", "plan", words]);
    }
    for (const one of believed.attempts) {
      if (one.outcome !== "ran_out") continue;
      const words = `subtask ${one.index + 1} ran out` + (one.remedy ? `, ${REMEDIES[one.remedy]}` : "");
      found.push([one.to, "▼", "late", words]);
    }
    for (const one of believed.incidents) {
      found.push([one.step, "!", "late", `${one.kind}: ${one.text}`]);
    }
    if (believed.end) found.push([believed.end.step, "■", "end", `end: ${believed.end.reason}`]);
    const order = { late: 0, plan: 1, end: 2 };
    return found.sort((a, b) => a[0] - b[0] || order[a[2]] - order[b[2]]);
  }

  drawTruth() {
    const art = draw("svg", { width: this.width, height: TRUTH_HEIGHT });
    const truth = this.course.truth;
    if (!truth) {
      art.append(this.label(30, "no record of the truth"));
      return this.withCursor(art, TRUTH_HEIGHT);
    }
    art.append(this.label(12, "how much of the subtask in hand was really done"));
    const top = 18, height = 40, [left, right] = [this.x(0), this.x(this.last)];
    art.append(draw("rect", { class: "plot", x: left, y: top, width: right - left, height }));
    truth.progress.forEach(([step, , share], i) => {
      const next = truth.progress[i + 1], x = this.x(step);
      const width = Math.max(1, this.x(next ? next[0] : truth.last) - x);
      const known = share !== null, tall = known ? Math.max(1, share * height) : height;
      art.append(draw("rect", {
        class: known ? (share === 1 ? "share whole" : "share") : "share unknown",
        x, y: top + height - tall, width, height: tall,
      }));
    });
    art.append(this.label(76, "RoboCasa's criterion for the task"),
      draw("rect", { class: "plot", x: left, y: 82, width: right - left, height: 14 }));
    for (const [first, last] of truth.success) {
      const x = this.x(first), width = Math.max(3, this.x(last) - x);
      art.append(draw("rect", { class: "success", x: Math.min(x, right - width), y: 82, width, height: 14 },
        draw("title", {}, `success from ${seconds(first)} to ${seconds(last)}`)));
    }
    return this.withCursor(art, TRUTH_HEIGHT);
  }

  withCursor(art, height) {
    art.setAttribute("aria-hidden", "true");
    art.append(draw("line", { class: "cursor", x1: 0, x2: 0, y1: 0, y2: height }));
    return art;
  }

  move(step) {
    this.step = Math.min(this.last, Math.max(0, step));
    for (const line of this.element.querySelectorAll(".cursor")) {
      line.setAttribute("transform", `translate(${this.x(this.step).toFixed(1)},0)`);
    }
    this.readout.textContent = this.beliefWords();
    this.known.textContent = this.truthWords();
    this.belief.setAttribute("aria-valuenow", this.step);
    this.belief.setAttribute("aria-valuetext",
      `${this.readout.textContent}; in truth: ${this.known.textContent}`);
  }

  beliefWords() {
    const step = this.step, parts = [`${seconds(step)}, step ${step}`];
    const believed = this.course.believed;
    if (believed) {
      const one = believed.attempts.find((a) => a.from <= step && step < a.to) || believed.attempts.at(-1);
      if (one) parts.push(`subtask ${one.index + 1}: ${one.text}` + (one.attempt ? ` (try ${one.attempt + 1})` : ""));
      const judge = believed.judge, i = judge.step.findLastIndex((at) => at <= step);
      if (i >= 0 && one && judge.step[i] > one.from) parts.push(`margin ${judge.margin[i]}`);
    }
    return parts.join(" · ");
  }

  truthWords() {
    const truth = this.course.truth;
    if (!truth) return "not on record";
    const now = truth.progress.findLast((change) => change[0] <= this.step);
    const share = !now || now[2] === null ? "the referee cannot tell" : `${Math.round(100 * now[2])} % done`;
    const won = truth.success.some(([first, last]) => first <= this.step && this.step <= last);
    return `subtask ${share} · task: ${won ? "success" : "no success"}`;
  }
}
