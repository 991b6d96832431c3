// Episodes: played here by a task's own dynamics, recorded, or the samples of a data set. All have the same methods.

wann.Played = class {
  constructor(facts, dynamics) {
    this.facts = facts;
    this.dynamics = dynamics;
    this.start = facts.starts[0];
    this.startNumber = 0;
    this.restart();
  }

  get observation() { return this.dynamics.observe(this.state); }
  get seconds() { return this.steps * this.dynamics.timeStep; }
  get ended() { return this.failed || this.steps >= this.facts.maxSteps; }
  get verdict() {
    if (!this.ended) return "";
    return this.failed ? "The episode ended early." : "The episode is complete.";
  }

  restart() {
    this.state = this.start;
    this.action = null;
    this.steps = 0;
    this.total = 0;
    this.rewards = [];
    this.failed = false;
  }

  startAt(state) {
    this.start = state;
    this.restart();
  }

  another() {
    this.startNumber = (this.startNumber + 1) % this.facts.starts.length;
    this.startAt(this.facts.starts[this.startNumber]);
  }

  // One step with what the network answers.
  advance(action) {
    const next = this.dynamics.step(this.state, action);
    this.state = next.state;
    this.action = action;
    this.steps += 1;
    this.total += next.reward;
    this.rewards.push(next.reward);
    this.failed = next.done;
  }
};

wann.Recorded = class {
  pace = 0.04;

  use(recording) {
    this.recording = recording;
    this.frame = Math.min(this.frame || 0, recording.steps.length - 1);
  }

  get observation() { return this.recording.observations[this.frame]; }
  get steps() { return this.recording.steps[this.frame]; }
  get total() { return this.recording.returns[this.frame]; }
  get ended() { return this.frame >= this.recording.steps.length - 1; }
  get verdict() { return this.ended ? "The recorded episode ends here." : ""; }

  get rewards() {
    const { returns, steps } = this.recording;
    return returns.slice(1, this.frame + 1).map((sum, k) => (sum - returns[k]) / (steps[k + 1] - steps[k]));
  }

  restart() { this.frame = 0; }
  advance() { this.frame += 1; }
};

wann.Sampled = class {
  constructor({ x, y, classes }) {
    Object.assign(this, { x, y, classes, pace: 0.8, frame: 0 });
  }

  get observation() { return this.x[this.frame]; }
  get wanted() { return this.y[this.frame]; }
  get ended() { return this.frame >= this.x.length - 1; }

  restart() { this.frame = 0; }
  advance() { this.frame += 1; }

  // How well a network does on all samples here: the share of right classes, or the mean squared error.
  score(program, weight) {
    const marks = this.x.map((sample, k) => this.mark(wann.outputs(program, wann.evaluate(program, sample, weight)), k));
    return marks.reduce((sum, mark) => sum + mark, 0) / marks.length;
  }

  mark(outputs, k) {
    if (this.classes) return Number(wann.largest(outputs) === this.y[k]);
    return outputs.reduce((sum, output, i) => sum + (output - this.y[k][i]) ** 2, 0) / outputs.length;
  }
};

wann.largest = values => values.indexOf(Math.max(...values));
