// Finding out what a part of the network computes: by pointer, by touch, by keyboard.
//
// The network is one stop for the Tab key. Arrows along the flow go from a node into a connection and on to the next
// node; arrows across it go to the neighbour.

wann.Explorer = class {
  constructor(diagram, words) {
    this.diagram = diagram;
    this.words = words;
    this.current = null;
    const frame = diagram.svg.parentElement; // listening itself, the picture would become a stop for the Tab key
    frame.addEventListener("pointerover", event => this.point(event));
    frame.addEventListener("pointerleave", () => this.choose(this.focused()));
    frame.addEventListener("focusin", event => this.choose(thingOf(event)));
    frame.addEventListener("focusout", () => this.choose(null));
    frame.addEventListener("keydown", event => this.key(event));
  }

  // A new network is drawn: the first input takes the Tab key.
  restart() {
    const { nodes } = this.diagram.champion;
    const first = nodes.find(node => node.kind === "input" && this.diagram.living.has(node));
    this.diagram.elements.get(first || nodes[1]).setAttribute("tabindex", 0);
    this.current = null;
    this.tell();
  }

  focused() {
    const active = document.activeElement;
    return this.diagram.svg.contains(active) && active.thing ? active.thing : null;
  }

  point(event) {
    const thing = thingOf(event);
    if (thing) this.choose(thing);
    else this.choose(this.focused());
  }

  choose(thing) {
    if (thing === this.current) return;
    this.current = thing;
    this.diagram.mark(thing);
    this.tell();
  }

  tell() {
    const { title, text, value } = this.words;
    const thing = this.current;
    const words = thing && ("route" in thing ? wann.describeEdge : wann.describeNode)(this.diagram, thing);
    title.textContent = words ? words.title : "";
    text.textContent = words ? words.text : text.dataset.hint;
    value.textContent = "";
  }

  // The present value of what is chosen.
  update(values, weight) {
    if (!this.current) return;
    const isEdge = "route" in this.current;
    const row = isEdge ? this.diagram.node(this.current.source).row : this.current.row;
    const factor = isEdge ? this.current.weight ?? weight : 1;
    this.words.value.textContent = row === null ? "" : `= ${wann.number(factor * values[row], 3)}`;
  }

  key(event) {
    const next = this.next(event.key);
    if (!next) return;
    event.preventDefault();
    for (const element of this.diagram.elements.values()) element.setAttribute("tabindex", -1);
    const element = this.diagram.elements.get(next);
    element.setAttribute("tabindex", 0);
    element.focus({ preventScroll: false });
  }

  next(key) {
    const thing = this.focused();
    if (!thing) return null;
    const order = this.diagram.champion.layers.flat().map(id => this.diagram.node(id));
    if (key === "Home") return order[0];
    if (key === "End") return order[order.length - 1];
    const flow = this.diagram.upright
      ? { ArrowDown: "on", ArrowUp: "back", ArrowLeft: "before", ArrowRight: "after" }
      : { ArrowRight: "on", ArrowLeft: "back", ArrowUp: "before", ArrowDown: "after" };
    return flow[key] ? this.neighbour(thing, flow[key], order) : null;
  }

  neighbour(thing, way, order) {
    const isEdge = "route" in thing;
    if (way === "on") return isEdge ? this.diagram.node(thing.target) : this.diagram.outOf(thing)[0];
    if (way === "back") return isEdge ? this.diagram.node(thing.source) : this.diagram.into(thing)[0];
    const siblings = isEdge ? this.diagram.outOf(this.diagram.node(thing.source)) : order;
    return siblings[siblings.indexOf(thing) + (way === "after" ? 1 : -1)];
  }
};

function thingOf(event) {
  const element = event.target.closest("[role=img]");
  return element && element.thing ? element.thing : null;
}
