// The network as a picture: drawn to fit its frame, left to right or, where that is narrow, top to bottom.

const NARROW = 560, LABEL = 74, END = 50, EDGE_OF_PICTURE = 16, MANY = 400;

wann.Diagram = class {
  constructor(svg, colours, champions) {
    this.svg = svg;
    this.colours = colours;
    const nodes = champions.flatMap(champion => champion.nodes.map(node => node.place));
    const bends = champions.flatMap(champion => champion.edges.flatMap(edge => edge.route));
    this.places = [...nodes, ...bends]; // of all networks: what they share stays where it is
  }

  show(champion) {
    this.champion = champion;
    this.nodes = new Map(champion.nodes.map(node => [node.id, node]));
    this.incoming = grouped(champion.edges, "target");
    this.outgoing = grouped(champion.edges, "source");
    const outputs = champion.nodes.filter(node => node.kind === "output");
    this.living = reached(outputs, node => this.into(node), edge => this.node(edge.source));
    this.draw();
  }

  node(id) { return this.nodes.get(id); }
  into(node) { return this.incoming.get(node.id) || []; }
  outOf(node) { return this.outgoing.get(node.id) || []; }

  draw() {
    this.measure();
    this.svg.replaceChildren();
    this.svg.classList.toggle("dense", this.champion.edges.length > MANY);
    this.wires = wann.svg("g", { class: "wires" }, this.svg);
    this.points = wann.svg("g", { class: "nodes" }, this.svg);
    this.elements = new Map();
    this.bundles = this.champion.nodes.flatMap(node => this.drawBundles(node));
    for (const node of this.champion.nodes) this.drawNode(node);
  }

  // Along the flow and across it: pixels for each unit of the layout.
  measure() {
    const width = this.svg.parentElement.clientWidth;
    const along = this.places.reduce((most, [x]) => Math.max(most, x), 1);
    const across = 2 * this.places.reduce((most, [, y]) => Math.max(most, Math.abs(y)), 1) + 1;
    this.upright = width < NARROW;
    const length = this.upright ? Math.min(26, Math.max(10, 700 / along)) : Math.min(70, (width - 2 * LABEL) / along);
    const breadth = this.upright ? (width - 2 * EDGE_OF_PICTURE) / across : Math.min(44, Math.max(14, 340 / across));
    this.scale = [length, this.upright ? Math.min(60, breadth) : breadth];
    this.unit = Math.min(1.5 * length, this.scale[1], 44);
    const size = this.upright ? [width, along * length + 2 * END] : [width, across * breadth + 2 * EDGE_OF_PICTURE];
    this.origin = this.upright ? [width / 2, END] : [(width - along * length) / 2, size[1] / 2];
    this.svg.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
    this.svg.setAttribute("height", size[1]);
  }

  at([x, y]) {
    const [along, across] = [x * this.scale[0], -y * this.scale[1]];
    const place = this.upright ? [across, along] : [along, across];
    return place.map((value, k) => Math.round(10 * (this.origin[k] + value)) / 10);
  }

  // What leaves a node lights up together: one bundle, or one for each sign of the connections' own weights.
  drawBundles(node) {
    const bundles = new Map();
    for (const edge of this.outOf(node)) {
      const sign = edge.weight === null ? 0 : Math.sign(edge.weight);
      if (!bundles.has(sign)) bundles.set(sign, { node, sign, group: wann.svg("g", {}, this.wires) });
      this.drawEdge(edge, bundles.get(sign).group);
    }
    return [...bundles.values()];
  }

  drawEdge(edge, parent) {
    const element = wann.svg("g", { class: "edge", role: "img", tabindex: -1 }, parent);
    const path = wann.curve(edge.route.map(point => this.at(point)), this.upright);
    element.classList.toggle("dead", !this.living.has(edge));
    wann.svg("path", { class: "wire", d: path }, element);
    wann.svg("path", { class: "near", d: path }, element);
    this.register(edge, element, wann.describeEdge(this, edge));
  }

  drawNode(node) {
    const [x, y] = this.at(node.place);
    const radius = Math.max(2.5, this.unit * node.radius);
    const element = wann.svg("g", { class: `node ${node.kind}`, role: "img", tabindex: -1 }, this.points);
    element.setAttribute("transform", `translate(${x} ${y})`);
    element.classList.toggle("dead", !this.living.has(node));
    node.halo = wann.svg("circle", { class: "halo", r: radius * 1.4 + 1, opacity: 0 }, element);
    this.drawBody(node, radius, element);
    this.drawLabel(node, radius, element);
    this.register(node, element, wann.describeNode(this, node));
  }

  drawBody(node, radius, parent) {
    const plain = node.kind !== "hidden" && node.activation === "linear";
    const fill = plain ? "" : this.colours.activations[node.activation];
    if (node.kind === "bias") {
      wann.svg("rect", { class: "body", x: -radius, y: -radius, width: 2 * radius, height: 2 * radius }, parent);
      return;
    }
    if (node.kind === "output") wann.svg("circle", { class: "ring", r: radius * 1.3 }, parent);
    const body = wann.svg("circle", { class: "body", r: radius }, parent);
    if (!fill) return;
    body.style.fill = fill;
    const glyph = { class: luminous(fill) ? "glyph dark" : "glyph", d: wann.glyph(node.activation) };
    if (radius >= 5) wann.svg("path", { ...glyph, transform: `scale(${radius})` }, parent);
  }

  // Labels side by side, on a narrow page, take turns in two rows; those that would touch are left to the words below.
  drawLabel(node, radius, parent) {
    if (!node.label) return;
    const { gap: room, turn } = this.neighbourhood(node);
    if (room < (this.upright ? 17 : 11)) return;
    const before = node.kind !== "output";
    const gap = radius * (before ? 1 : 1.3) + 9;
    const row = this.upright ? gap + 12 * (turn && room < 42) : gap;
    const place = this.upright ? [0, before ? -row : row + 8] : [before ? -gap : gap, 4];
    const anchor = this.upright ? "middle" : before ? "end" : "start";
    const text = wann.svg("text", { class: "label", x: place[0], y: place[1], "text-anchor": anchor }, parent);
    const longest = this.upright ? 7 : 9;
    text.textContent = node.label.length > longest ? `${node.label.slice(0, longest - 1)}…` : node.label;
  }

  // The pixels to the nearest node of the same column, and whether the node is the second, fourth ... of it.
  neighbourhood(node) {
    const layer = this.champion.layers.find(ids => ids.includes(node.id));
    const others = layer.filter(id => id !== node.id).map(id => Math.abs(this.node(id).place[1] - node.place[1]));
    return { gap: this.scale[1] * Math.min(...others, 9), turn: layer.indexOf(node.id) % 2 };
  }

  register(thing, element, words) {
    element.setAttribute("aria-label", `${words.title}: ${words.text}`);
    element.thing = thing;
    this.elements.set(thing, element);
  }

  // Halos and bundles show the values: colour the sign, strength the size.
  light(values, weight) {
    for (const node of this.champion.nodes) {
      const value = this.living.has(node) ? values[node.row] : 0;
      node.halo.setAttribute("opacity", strength(value));
      node.halo.classList.toggle("negative", value < 0);
    }
    for (const { node, sign, group } of this.bundles) {
      const signal = !this.living.has(node) ? 0 : values[node.row] * (sign || weight);
      group.style.setProperty("--signal", strength(signal));
      group.classList.toggle("negative", signal < 0);
    }
  }

  // Emphasise what leads to a node or connection, and where it leads.
  mark(thing) {
    const near = thing ? this.around(thing) : null;
    this.svg.classList.toggle("marking", Boolean(near));
    for (const [other, element] of this.elements) {
      element.classList.toggle("up", Boolean(near && near.up.has(other)));
      element.classList.toggle("down", Boolean(near && near.down.has(other)));
      element.classList.toggle("chosen", other === thing);
    }
  }

  around(thing) {
    const isEdge = "route" in thing;
    return {
      up: reached([isEdge ? this.node(thing.source) : thing], node => this.into(node), edge => this.node(edge.source)),
      down: reached([isEdge ? this.node(thing.target) : thing], node => this.outOf(node), edge => this.node(edge.target)),
    };
  }
};

function grouped(edges, end) {
  const groups = new Map();
  for (const edge of edges) groups.set(edge[end], [...(groups.get(edge[end]) || []), edge]);
  return groups;
}

function reached(start, edgesOf, endOf) {
  const found = new Set(start), waiting = [...start];
  while (waiting.length) {
    for (const edge of edgesOf(waiting.pop())) {
      const end = endOf(edge);
      found.add(edge);
      if (!found.has(end)) waiting.push(end);
      found.add(end);
    }
  }
  return found;
}

// From 0 to 1; what is no number has none.
function strength(value) {
  return (Math.abs(Math.tanh(value)) || 0).toFixed(2);
}

function luminous(colour) {
  const [r, g, b] = [1, 3, 5].map(k => parseInt(colour.slice(k, k + 2), 16) / 255);
  return 0.299 * r + 0.587 * g + 0.114 * b > 0.6;
}
