// What a node or a connection computes, in words.

const MEANINGS = {
  linear: sum => sum,
  step: sum => `1 if ${sum} > 0, else 0`,
  sin: sum => `sin(π · ${sum})`,
  gaussian: sum => `exp(−(${sum})² / 2)`,
  tanh: sum => `tanh(${sum})`,
  sigmoid: sum => `(tanh(${sum} / 2) + 1) / 2`,
  inverse: sum => `−(${sum})`,
  abs: sum => `|${sum}|`,
  relu: sum => `${sum} if above 0, else 0`,
  cos: sum => `cos(π · ${sum})`,
  square: sum => `(${sum})²`,
};
const MOST_TERMS = 8;

wann.number = (value, digits = 2) =>
  value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", "−").replace(/^−(0\.?0*)$/, "$1");

wann.nodeName = node => node.label || `node ${node.id}`;

function terms(diagram, node) {
  const edges = diagram.into(node);
  const names = edges.slice(0, MOST_TERMS).map(edge => {
    const name = wann.nodeName(diagram.node(edge.source));
    return edge.weight === null ? name : `${wann.number(edge.weight)} · ${name}`;
  });
  if (edges.length > MOST_TERMS) names.push(`${edges.length - MOST_TERMS} more`);
  return names.join(" + ");
}

function nodeFormula(diagram, node) {
  const sum = terms(diagram, node);
  if (!sum) return "nothing leads here";
  const weighted = diagram.champion.weighted;
  const plain = weighted ? sum : diagram.into(node).length > 1 ? `w · (${sum})` : `w · ${sum}`;
  const inside = weighted && diagram.into(node).length > 1 ? `(${plain})` : plain;
  return MEANINGS[node.activation](node.activation === "linear" ? plain : inside);
}

wann.describeNode = (diagram, node) => {
  const ways = diagram.outOf(node).length;
  const unused = diagram.living.has(node) ? "" : ", no output depends on it";
  const onward = (node.kind === "output" ? "" : `, feeds ${ways} connection${ways === 1 ? "" : "s"}`) + unused;
  if (node.kind === "bias") return { title: "bias", text: `always 1${onward}` };
  if (node.kind === "input") return { title: `input ${node.label}`, text: `what the task shows${onward}` };
  const title = node.kind === "output" ? `output ${node.label}` : wann.nodeName(node);
  return { title: `${title}, ${node.activation}`, text: nodeFormula(diagram, node) + onward };
};

wann.describeEdge = (diagram, edge) => {
  const [source, target] = [edge.source, edge.target].map(id => wann.nodeName(diagram.node(id)));
  const weight = edge.weight === null ? "the shared weight" : wann.number(edge.weight);
  return { title: `${source} to ${target}`, text: `carries ${weight} times the value of ${source}` };
};
