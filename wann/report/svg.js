// Elements of SVG, and curves as in the figures.

wann.svg = (name, attributes = {}, parent = null) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (parent) parent.append(element);
  return element;
};

// A line through points that is level, along the flow, at every point.
wann.curve = (points, upright) => {
  let path = `M${points[0].join(" ")}`;
  for (let k = 1; k < points.length; k++) {
    const [[x0, y0], [x1, y1]] = [points[k - 1], points[k]];
    const [mx, my] = [(x0 + x1) / 2, (y0 + y1) / 2];
    path += upright ? `C${x0} ${my} ${x1} ${my} ${x1} ${y1}` : `C${mx} ${y0} ${mx} ${y1} ${x1} ${y1}`;
  }
  return path;
};

wann.polyline = points => points.map(([x, y], k) => `${k ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`).join("");

// The curve of an activation function within a disc of radius 1.
wann.glyph = name => {
  const reach = { sin: 1.25, cos: 1.25, sigmoid: 5, gaussian: 2.8, tanh: 2.8 }[name] || 1;
  const xs = Array.from({ length: 42 }, (_, k) => (reach * (2 * k - 41)) / 41); // 0 is not among them: a step is steep
  const ys = xs.map(wann.activations[name]);
  const low = Math.min(...ys), high = Math.max(...ys);
  return wann.polyline(xs.map((x, k) => [(0.58 * x) / reach, (-0.88 * (ys[k] - (high + low) / 2)) / (high - low)]));
};
