// What a network saw in a recorded episode: a line for each input, and where the episode stands.

const ROW = 34, WIDTH = 600, NAMES = 90, MOST_ROWS = 10;

wann.traces = (svg, labels) => {
  const shown = labels.slice(0, MOST_ROWS);
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${ROW * shown.length + 8}`);
  const rows = shown.map((label, k) => row(svg, label, ROW * k + 6));
  const cursor = wann.svg("line", { class: "cursor", y1: 0, y2: ROW * shown.length + 8 }, svg);
  return {
    show(recording) {
      rows.forEach((path, k) => path.setAttribute("d", trace(recording, k, ROW * k + 6)));
    },
    draw(episode) {
      const x = place(episode.recording, episode.frame);
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
    },
  };
};

function row(svg, label, top) {
  const text = wann.svg("text", { class: "label", x: NAMES - 10, y: top + ROW / 2, "text-anchor": "end" }, svg);
  text.textContent = label.length > 11 ? `${label.slice(0, 10)}…` : label;
  return wann.svg("path", { class: "trace" }, svg);
}

function place(recording, frame) {
  const last = recording.steps[recording.steps.length - 1] || 1;
  return NAMES + ((WIDTH - NAMES - 6) * recording.steps[frame]) / last;
}

function trace(recording, input, top) {
  const values = recording.observations.map(observation => observation[input] ?? 0);
  const low = Math.min(...values), range = Math.max(...values) - low || 1;
  const height = ROW - 10;
  return wann.polyline(values.map((value, k) => [place(recording, k), top + height * (1 - (value - low) / range)]));
}
