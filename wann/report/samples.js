// A sample of a data set and the answer to it: its numbers as an image or as bars, and a bar for each output.

const SIDE = 180, ROOM = 420, MOST_BARS = 12, LEFT = 76;

wann.samples = (svg, inputs, outputs, episode) => {
  const side = Math.sqrt(inputs.length), isImage = Number.isInteger(side) && side >= 4;
  svg.setAttribute("viewBox", `0 0 ${ROOM} ${SIDE + 8}`);
  const range = extent(episode.x.flat());
  const shown = isImage ? image(svg, side, range) : bars(svg, inputs, 0, ROOM / 2 - 20, range);
  const answer = bars(svg, outputs, ROOM / 2, ROOM - 8);
  return {
    draw({ observation, wanted, classes }, values) {
      shown(observation);
      answer(values, classes ? wanted : null, classes ? wann.largest(values) : null, classes ? null : wanted);
    },
  };
};

function image(svg, side, [low, high]) {
  const size = SIDE / side, group = wann.svg("g", { transform: "translate(4 4)" }, svg);
  wann.svg("rect", { class: "reach", width: SIDE, height: SIDE }, group);
  const cells = Array.from({ length: side * side }, (_, k) => wann.svg("rect", {
    class: "pixel", x: (k % side) * size, y: Math.floor(k / side) * size, width: size, height: size,
  }, group));
  return values => cells.forEach((cell, k) => cell.setAttribute("opacity", (values[k] - low) / (high - low || 1)));
}

// Bars from a common zero; `right` and `chosen` are marked, and so is what each value should be.
function bars(svg, labels, from, to, range = null) {
  const shown = labels.slice(0, MOST_BARS), height = SIDE / Math.max(shown.length, 5);
  const rows = shown.map((label, k) => {
    const y = 4 + k * height, group = wann.svg("g", {}, svg);
    const text = wann.svg("text", { class: "label", x: from + LEFT - 10, y: y + height / 2 + 4, "text-anchor": "end" }, group);
    text.textContent = label.length > 9 ? `${label.slice(0, 8)}…` : label;
    const look = { y: y + 2, height: height - 4 };
    return { group, bar: wann.svg("rect", { class: "bar", ...look }, group), goal: wann.svg("rect", { class: "goal", ...look, width: 3 }, group) };
  });
  return (values, right = null, chosen = null, goals = null) => {
    const [low, high] = range || extent([...values, ...(goals || [])]), start = from + LEFT;
    const at = value => start + ((to - start) * (value - low)) / (high - low || 1);
    rows.forEach(({ group, bar, goal }, k) => {
      const value = Math.min(high, Math.max(low, values[k])) || 0;
      bar.setAttribute("x", Math.min(at(0), at(value)));
      bar.setAttribute("width", Math.max(1.5, Math.abs(at(value) - at(0))));
      goal.toggleAttribute("hidden", !goals);
      if (goals) goal.setAttribute("x", at(goals[k]) - 1.5);
      group.classList.toggle("right", k === right);
      group.classList.toggle("chosen", k === chosen);
    });
  };
}

// The least and the greatest of the finite ones, and of zero.
function extent(values) {
  const finite = values.filter(Number.isFinite);
  return [finite.reduce((a, b) => Math.min(a, b), 0), finite.reduce((a, b) => Math.max(a, b), 0)];
}
