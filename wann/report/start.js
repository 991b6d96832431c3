// Where an episode that is played here starts: by sliders, by dragging the picture, or the next of the task's starts.

wann.Starts = class {
  // `changed` is called after each new start.
  constructor(episode, svg, picture, changed) {
    this.episode = episode;
    this.changed = changed;
    this.fields = document.getElementById("start");
    this.fields.hidden = false;
    this.sliders = episode.dynamics.adjustable.map((part, k) => this.addSlider(part, k));
    const another = document.getElementById("another");
    another.hidden = false;
    another.addEventListener("click", () => {
      episode.another();
      changed();
    });
    this.listen(svg, picture);
  }

  startAt(state) {
    this.episode.startAt(state);
    this.changed();
  }

  addSlider(part, k) {
    const [label, name, value, slider] = ["label", "span", "output", "input"].map(tag => document.createElement(tag));
    name.textContent = part.label;
    Object.assign(slider, { type: "range", min: part.low, max: part.high, step: part.step, id: `start-${k}` });
    label.htmlFor = slider.id; // the output in it could be labelled, too
    slider.addEventListener("input", () => {
      const state = [...this.episode.start];
      state[part.index] = Number(slider.value) / part.scale;
      this.startAt(state);
    });
    label.append(name, value, slider);
    this.fields.append(label);
    return { part, value, slider };
  }

  show() {
    for (const { part, value, slider } of this.sliders) {
      const number = within(this.episode.start[part.index] * part.scale, part);
      slider.value = number;
      value.textContent = `${wann.number(number, part.step < 1 ? 1 : 0)} ${part.unit}`;
      slider.setAttribute("aria-valuetext", value.textContent);
    }
  }

  listen(svg, picture) {
    let part = null;
    svg.addEventListener("pointerdown", event => {
      const held = event.target.closest("[data-part]");
      if (!held) return;
      part = held.dataset.part;
      svg.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    svg.addEventListener("pointermove", event => {
      if (!part) return;
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      this.startAt(picture.drag(part, point, this.episode.state));
    });
    for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => (part = null));
  }
};

// Angles come back into the range of their slider.
function within(number, { low, high, unit }) {
  return unit === "°" ? number - 360 * Math.round(number / 360) : Math.min(high, Math.max(low, number));
}
