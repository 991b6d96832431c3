// The network: the activation functions and the order of sums are those of wann's kernels.

const wann = { task: null };
window.wann = wann;


const parity = n => 1 - 4 * (n / 2 - Math.floor(n / 2));

function sinePi(x) {
  const n = Math.round(x);
  return Math.sin(Math.PI * (x - n)) * parity(n);
}

function cosinePi(x) {
  const n = Math.round(x);
  return Math.sin(Math.PI * (0.5 - Math.abs(x - n))) * parity(n);
}

wann.activations = {
  linear: x => x,
  step: x => (x > 0 ? 1 : 0),
  sin: sinePi,
  gaussian: x => Math.exp(Math.max(-708, -0.5 * x * x)), // never quite zero
  tanh: Math.tanh,
  sigmoid: x => 0.5 * Math.tanh(0.5 * x) + 0.5,
  inverse: x => -x,
  abs: Math.abs,
  relu: x => (x < 0 ? 0 : x),
  cos: cosinePi,
  square: x => x * x,
};

function weightedSum(step, weight, values) {
  let total = 0;
  if (step.weights) {
    step.sources.forEach((source, k) => (total += values[source] * step.weights[k]));
    return total;
  }
  for (const source of step.sources) total += values[source];
  return total * weight;
}

// The values of the bias, the inputs and every computed node, in evaluation order.
wann.evaluate = (program, observation, weight) => {
  const values = [1, ...observation];
  for (const step of program.steps) {
    values[step.row] = wann.activations[step.activation](weightedSum(step, weight, values));
  }
  return values;
};

wann.outputs = (program, values) => program.results.map(row => values[row]);
