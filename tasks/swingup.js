// The dynamics of swingup.py, number for number, and its scene. The script of a report's live panel gives `wann`.

wann.task = (() => {
  const GRAVITY = 9.82, CART = 0.5, POLE = 0.5, LENGTH = 0.6, FRICTION = 0.1, FORCE = 10.0;
  const TIME_STEP = 0.01, TRACK = 2.4;
  const HINGE = 0.454, SHOWN_LENGTH = 1.3, CENTIMETRES = 100;

  const push = action => (Number.isNaN(action[0]) ? 0 : Math.min(1, Math.max(-1, action[0])));

  function observe([x, speed, theta, spin]) {
    return [x, speed, Math.cos(theta), Math.sin(theta), spin];
  }

  function step([x, speed, theta, spin], action) {
    const force = FORCE * push(action) - FRICTION * speed;
    const s = Math.sin(theta), c = Math.cos(theta), mass = CART + POLE;
    const swing = POLE * LENGTH * spin * spin * s;
    const acceleration =
      (-2 * swing + 3 * POLE * GRAVITY * s * c + 4 * force) / (4 * mass - 3 * POLE * c * c);
    const turn =
      (-3 * swing * c + 6 * mass * GRAVITY * s + 6 * force * c) / (4 * LENGTH * mass - 3 * POLE * LENGTH * c * c);
    const state = [
      x + speed * TIME_STEP,
      speed + acceleration * TIME_STEP,
      theta + spin * TIME_STEP,
      spin + turn * TIME_STEP,
    ];
    const reward = ((Math.cos(state[2]) + 1) / 2) * Math.cos((state[0] / TRACK) * (Math.PI / 2));
    return { state, reward, done: Math.abs(state[0]) > TRACK };
  }

  // Where an episode can be made to start, for those who do not drag: numbers of the state, in the unit shown.
  const adjustable = [
    { label: "Cart", index: 0, low: -2.3, high: 2.3, step: 0.1, unit: "m", scale: 1 },
    { label: "Pole, 0 is upright", index: 2, low: -180, high: 180, step: 1, unit: "°", scale: 180 / Math.PI },
  ];

  // Drawn in centimetres, y downwards, the rail at 0.
  function scene(svg) {
    svg.setAttribute("viewBox", "-310 -196 620 300");
    const add = (name, attributes, parent = svg) => wann.svg(name, attributes, parent);
    const reach = add("circle", { class: "reach", cy: -HINGE * CENTIMETRES, r: 144 });
    for (let metre = -2; metre <= 2; metre++) {
      add("line", { class: "tick", x1: metre * 100, x2: metre * 100, y1: 12, y2: metre ? 20 : 26 });
    }
    add("line", { class: "rail", x1: -240, x2: 240, y1: 0, y2: 0 });
    for (const end of [-240, 240]) add("line", { class: "stop", x1: end, x2: end, y1: -22, y2: 14 });
    const arrow = add("path", { class: "force" });
    const cart = add("g", { class: "cart grab", "data-part": "cart" });
    add("rect", { x: -39, y: -42, width: 78, height: 30, rx: 7 }, cart);
    for (const wheel of [-23, 23]) {
      add("circle", { class: "wheel", cx: wheel, cy: -11, r: 11 }, cart);
      add("circle", { class: "hub", cx: wheel, cy: -11, r: 4.4 }, cart);
    }
    const pole = add("g", { class: "pole grab", "data-part": "pole" });
    const length = -SHOWN_LENGTH * CENTIMETRES;
    add("line", { class: "handle", y2: length - 16 }, pole);
    add("circle", { class: "bearing", r: 14 }, pole);
    add("line", { class: "rod", y2: length }, pole);
    add("circle", { class: "pin", r: 3.5 }, pole);

    function draw([x, , theta], action) {
      const at = x * CENTIMETRES;
      reach.setAttribute("cx", at);
      cart.setAttribute("transform", `translate(${at} 0)`);
      pole.setAttribute("transform", `translate(${at} ${-HINGE * CENTIMETRES}) rotate(${(-theta * 180) / Math.PI})`);
      arrow.setAttribute("d", action ? arrowPath(at, push(action)) : "");
    }
    return { draw, drag };
  }

  function arrowPath(at, size) {
    if (Math.abs(size) < 0.02) return "";
    const side = Math.sign(size), start = at + side * 49, end = start + 85 * size;
    return `M${start} -27H${end}M${end} -36L${end + side * 15} -27L${end} -18Z`;
  }

  // The start that results when a part is dragged to a point.
  function drag(part, point, [x, , theta]) {
    const px = point.x / CENTIMETRES, py = -point.y / CENTIMETRES;
    if (part === "cart") return [Math.min(2.3, Math.max(-2.3, px)), 0, theta, 0];
    return [x, 0, Math.atan2(x - px, py - HINGE), 0];
  }

  return { timeStep: TIME_STEP, observe, step, adjustable, scene };
})();
