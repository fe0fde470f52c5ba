// The view of one episode, made when it is opened.
class EpisodeView {
  constructor() {
    this.section = byId("episode");
    this.body = byId("episode-body");
    this.place = null;
    this.timeline = null;
    this.video = null;
  }

  close() {
    if (this.video) this.video.pause();
    this.section.hidden = true;
    this.body.replaceChildren();
    this.place = this.video = this.timeline = null;
  }

  open(place) {
    this.close();
    const row = ROWS[place], course = read(`course-${place}`);
    this.place = place;
    byId("h-episode").textContent = `${row.task}, ${row.split}, seed ${row.seed}`;
    const threshold = DATA.threshold;
    this.last = this.lastStep(row, course);
    this.timeline = new Timeline(course, this.last, threshold, (step) => this.seek(step));
    const inline = byId(`video-${place}`);
    const source = inline ? inline.textContent : course.video;
    this.body.replaceChildren(
      this.facts(row, course),
      make("div", { class: "beside" },
        source ? this.film(source) : make("p", { class: "novideo" }, "No video was recorded."),
        this.plan(course)),
      this.timeline.element,
      this.happened(course));
    this.section.hidden = false;
    this.timeline.draw();
    this.timeline.move(0);
  }

  lastStep(row, course) {
    const ends = [row.steps];
    if (course.truth) ends.push(course.truth.last);
    if (course.believed) for (const one of course.believed.attempts) ends.push(one.to);
    return Math.max(...ends);
  }

  seek(step) {
    if (this.video) {
      this.video.currentTime = (step + 0.5) / HZ; // the middle of that step's frame
      this.wanted = step;
    }
    this.timeline.move(step);
  }

  film(source) {
    const video = make("video", { controls: "", preload: "metadata", playsinline: "" });
    const follow = () => {
      if (this.video !== video) return;
      const step = Math.floor(video.currentTime * HZ + 1e-3);
      this.timeline.move(Math.min(step, this.last));
      if (!video.paused && !video.ended) requestAnimationFrame(follow);
    };
    video.addEventListener("play", follow);
    video.addEventListener("timeupdate", follow);
    video.addEventListener("seeked", follow);
    video.addEventListener("error", () => {
      const words = "The video is not where this page looks for it; keep the page with its folder.";
      video.replaceWith(make("p", { class: "novideo" }, words));
      if (this.video === video) this.video = null;
    });
    video.src = source;
    this.video = video;
    return video;
  }

  facts(row, course) {
    const [words, kind] = RESULTS[row.result];
    const items = [make("li", { class: `result ${kind}` }, words)];
    if (course.privileged.length) {
      items.push(make("li", { class: "badge privileged" }, "PRIVILEGED: " + course.privileged.join(", ")));
    }
    const when = course.first_success === null ? "criterion never met" : `criterion met at ${seconds(course.first_success)}`;
    items.push(make("li", {}, when), make("li", { class: "ext" }, `end: ${row.end || "none"}`),
      make("li", {}, `${row.steps} of ${course.max_steps} steps`),
      make("li", {}, `${row.seconds.toFixed(1)} s of wall time`));
    if (course.attempt > 1) items.push(make("li", {}, `run ${course.attempt}`));
    const scene = Object.entries(course.scene).map(([key, value]) => `${key} ${value}`).join(", ");
    if (scene) items.push(make("li", { class: "ext" }, scene));
    return make("div", {},
      make("p", { class: "instruction ext" }, course.instruction || "the instruction is not on record"),
      make("ul", { class: "chips" }, items),
      course.error ? make("pre", { class: "error ext" }, course.error) : null);
  }

  plan(course) {
    const box = make("div", { class: "plan" });
    const plans = course.believed ? course.believed.plans : [];
    plans.forEach((plan, number) => {
      const who = plan.made_by ? `fallback ${plan.made_by}` : course.planner;
      const what = plan.anew ? `Planned anew at ${seconds(plan.step)}` : "Plan";
      const list = make("ol", {});
      const first = plan.anew ? this.firstIndex(plans, number) : 1;
      list.start = first;
      plan.subtasks.forEach((text, i) => {
        const said = plan.said[i];
        list.append(make("li", { class: "ext" }, text, this.status(course.plan[first - 1 + i], text),
          said ? make("span", { class: "said ext" }, `“${said}”`) : null));
      });
      box.append(make("h3", {}, what, make("span", { class: "of ext" }, ` by ${who}`)), list);
      if (plan.rejected.length) {
        box.append(make("p", { class: "note" }, "refused on the way:"),
          make("ul", { class: "rejected" }, plan.rejected.map((why) => make("li", { class: "ext" }, why))));
      }
      if (plan.raw && plan.raw !== course.instruction) {
        box.append(make("details", {}, make("summary", {}, "the planner's own words"),
          make("pre", { class: "ext" }, plan.raw)));
      }
    });
    if (!plans.length) box.append(make("p", { class: "note" }, "No plan is on record."));
    return box;
  }

  // How the subtask stood at the end, if it was still in the agent's list.
  status(entry, text) {
    const sign = { done: " ✓", failed: " ✗", current: " …" }[entry && entry.text === text ? entry.status : ""];
    return sign ? make("span", { class: `status ${entry.status}`, title: entry.status }, sign) : null;
  }

  // Subtasks of a new plan follow the one that ran out, in the agent's own count.
  firstIndex(plans, number) {
    const begun = this.timeline.course.believed.attempts.find((a) => a.from >= plans[number].step);
    return begun ? begun.index + 1 : 1;
  }

  happened(course) {
    if (!course.believed) return null;
    const done = course.believed.attempts.filter((one) => one.outcome === "done");
    const events = [
      ...done.map((one) => [one.to, `subtask ${one.index + 1} declared done`]),
      ...this.timeline.happenings().map(([step, , , words]) => [step, words]),
    ].sort((a, b) => a[0] - b[0]);
    const items = events.map(([step, words]) => {
      const button = make("button", { type: "button", class: "link" }, seconds(step));
      button.addEventListener("click", () => this.seek(step));
      return make("li", {}, button, make("span", { class: "ext" }, ` ${words}`));
    });
    return make("div", { class: "happened" }, make("h3", {}, "What the agent did"), make("ol", {}, items));
  }
}
