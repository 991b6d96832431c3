// The live panel: the controls, the episode and the network, kept in step.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = id => document.getElementById(id);
const show = (id, shown) => byId(id).toggleAttribute("hidden", !shown);

const panel = {
  champion: null,
  weight: 1,
  episode: null,
  playing: false,
  values: null,
};
wann.panel = panel;

const diagram = new wann.Diagram(byId("network"), data.colours, data.champions);
const explorer = new wann.Explorer(diagram, {
  title: byId("part-title"), text: byId("part-text"), value: byId("part-value"),
});
let picture = null, recorded = null, starts = null;

// The network sees the present observation.

function think() {
  const inputs = panel.episode ? panel.episode.observation : new Array(panel.champion.program.inputs).fill(0);
  panel.values = wann.evaluate(panel.champion.program, inputs, panel.weight);
  return wann.outputs(panel.champion.program, panel.values);
}

function advance() {
  panel.episode.advance(think());
  if (panel.episode.ended) pause();
}

function render() {
  think();
  diagram.light(panel.values, panel.weight);
  explorer.update(panel.values, panel.weight);
  if (panel.episode) renderEpisode();
}

function renderEpisode() {
  const { episode } = panel;
  if (episode.x) return renderSample();
  if (episode.dynamics) picture.draw(episode.state, episode.action);
  else picture.draw(episode);
  byId("time").textContent = episode.dynamics ? `${episode.seconds.toFixed(2)} s` : `${episode.steps}`;
  byId("return").textContent = wann.number(episode.total, 1);
  byId("reward").textContent = wann.number(episode.rewards.at(-1), 3);
  byId("rewards").setAttribute("d", rewardLine(episode));
  tell(episode.verdict);
}

function renderSample() {
  const { episode, champion } = panel, outputs = wann.outputs(champion.program, panel.values);
  const labels = labelsOf("output"), chosen = wann.largest(outputs);
  picture.draw(episode, outputs);
  byId("time").textContent = `${episode.frame + 1} of ${episode.x.length}`;
  byId("reward").textContent = episode.classes ? labels[chosen] ?? "–" : wann.number(episode.mark(outputs, episode.frame), 3);
  if (!episode.classes) return;
  const verdict = chosen === episode.wanted ? "right" : `wrong: it is ${labels[episode.wanted]}`;
  tell(`The network says ${labels[chosen] ?? "nothing"}, which is ${verdict}.`);
}

// The score of all samples, when the network or the weight is another one.
function score() {
  const { episode, champion } = panel, value = episode.score(champion.program, panel.weight);
  byId("return").textContent = episode.classes ? `${(100 * value).toFixed(1)} %` : wann.number(value, 3);
}

// A screen reader says what is new; what is not, is not said again.
function tell(words) {
  if (byId("status").textContent !== words) byId("status").textContent = words;
}

const labelsOf = kind => data.champions[data.first].nodes.filter(node => node.kind === kind).map(node => node.label);

function rewardLine(episode) {
  const { rewards } = episode;
  const steps = episode.dynamics ? data.task.maxSteps : episode.recording.steps.length - 1;
  const [low, high] = rewardRange(rewards), every = Math.ceil(rewards.length / 300) || 1;
  const kept = rewards.map((reward, k) => [k, reward]).filter(([k]) => k % every === 0);
  return wann.polyline(kept.map(([k, reward]) => [(100 * k) / steps, 38 - (36 * (reward - low)) / (high - low || 1)]));
}

// The task's, where it has bounds.
function rewardRange(rewards) {
  const [low, high] = data.task.rewards;
  return [low ?? Math.min(0, ...rewards), high ?? Math.max(0, ...rewards)];
}

// Time

let before = null, owed = 0;

function frame(now) {
  if (!panel.playing) return;
  owed += before === null ? 0 : Math.min(0.1, (now - before) / 1000);
  before = now;
  const step = panel.episode.dynamics ? panel.episode.dynamics.timeStep : panel.episode.pace;
  for (; owed >= step && panel.playing; owed -= step) advance();
  render();
  requestAnimationFrame(frame);
}

function play() {
  if (panel.episode.ended) panel.episode.restart();
  panel.playing = true;
  before = null;
  owed = 0;
  byId("play").textContent = "Pause";
  requestAnimationFrame(frame);
}

function pause() {
  panel.playing = false;
  byId("play").textContent = "Play";
}

function restart() {
  pause();
  panel.episode.restart();
  if (starts) starts.show();
  render();
}

// The weight

function chooseWeight(weight) {
  const slider = byId("weight");
  panel.weight = data.recordings ? data.marks[weight] : weight;
  slider.value = weight;
  const words = wann.number(panel.weight);
  slider.setAttribute("aria-valuetext", words);
  byId("weight-value").textContent = words;
  for (const button of byId("marks").children) {
    button.setAttribute("aria-pressed", Number(button.dataset.weight) === panel.weight);
  }
  refresh();
}

// Another network or weight.
function refresh() {
  if (data.recordings) useRecording();
  if (panel.episode && panel.episode.x) score();
  render();
}

// Of a recorded task, the slider counts the recorded weights.
function prepareWeight() {
  const slider = byId("weight");
  const range = data.recordings ? [0, data.marks.length - 1, 1] : [-data.reach, data.reach, 0.01];
  ["min", "max", "step"].forEach((name, k) => slider.setAttribute(name, range[k]));
  slider.addEventListener("input", () => chooseWeight(Number(slider.value)));
  byId("lowest").textContent = wann.number(data.recordings ? data.marks[0] : -data.reach, 0);
  byId("highest").textContent = wann.number(data.recordings ? data.marks.at(-1) : data.reach, 0);
  data.marks.forEach((weight, k) => addMark(weight, data.recordings ? k : weight));
}

function addMark(weight, position) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.weight = weight;
  button.textContent = String(weight).replace("-", "−");
  button.setAttribute("aria-label", `Weight ${button.textContent}`);
  button.addEventListener("click", () => chooseWeight(position));
  byId("marks").append(button);
}

function drawProfile(k) {
  const shown = Boolean(data.profile) && !data.recordings && !panel.champion.weighted;
  show("profile", shown);
  show("profile-note", shown);
  if (!shown) return;
  const { weights } = data.profile, means = data.profile.means[k];
  const low = Math.min(0, ...means), high = Math.max(...data.profile.means.flat(), low + 1);
  const points = weights.map((weight, i) => [
    (100 * (weight + data.reach)) / (2 * data.reach), 40 - (38 * (means[i] - low)) / (high - low),
  ]);
  byId("profile-line").setAttribute("d", wann.polyline(points));
  byId("profile-area").setAttribute("d", `${wann.polyline(points)}L100 40L0 40Z`);
  byId("profile-note").textContent = `Mean return along the weights, up to ${wann.number(Math.max(...means), 0)}`;
}

// The networks

function chooseChampion(k) {
  panel.champion = data.champions[k];
  panel.number = k;
  const words = championWords(panel.champion);
  byId("champion").value = k;
  byId("champion").setAttribute("aria-valuetext", words);
  byId("champion-value").textContent = words;
  show("weight-field", !panel.champion.weighted);
  show("own-weights", panel.champion.weighted);
  diagram.show(panel.champion);
  explorer.restart();
  drawProfile(k);
  refresh();
}

function championWords({ generation, edges, mean }) {
  const parts = [generation === null ? "" : `generation ${generation}`, `${edges.length} connections`];
  if (mean !== null) parts.push(`mean return ${wann.number(mean, 0)}`);
  return parts.filter(Boolean).join(" · ");
}

// Not every network need have been recorded: one without an episode is shown at rest.
function useRecording() {
  const recordings = data.recordings[panel.number];
  panel.episode = recordings.length ? recorded : null;
  for (const id of ["world", "buttons"]) show(id, Boolean(panel.episode));
  if (!panel.episode) return pause();
  const recording = recordings.find(({ weight }) => weight === null || weight === panel.weight);
  recorded.use(recording);
  picture.show(recording);
}

// All together

function prepareEpisode() {
  const scene = byId("scene");
  if (data.recordings) {
    recorded = new wann.Recorded();
    panel.episode = recorded;
    picture = wann.traces(scene, labelsOf("input"));
    scene.setAttribute("aria-label", "What the network sees, over a recorded episode");
    byId("time-name").textContent = "Step";
  } else if (data.task.x) {
    prepareSamples(scene);
  } else {
    panel.episode = new wann.Played(data.task, wann.task);
    picture = wann.task.scene(scene);
    starts = new wann.Starts(panel.episode, scene, picture, restart);
    starts.show();
  }
  byId("play").addEventListener("click", () => {
    if (panel.playing) pause();
    else play();
    render();
  });
  byId("restart").addEventListener("click", restart);
}

function prepareSamples(scene) {
  panel.episode = new wann.Sampled(data.task);
  picture = wann.samples(scene, labelsOf("input"), labelsOf("output"), panel.episode);
  const { classes } = panel.episode;
  scene.setAttribute("aria-label", "A test sample, and the value of each output");
  byId("time-name").textContent = "Test sample";
  byId("reward-name").textContent = classes ? "Answer" : "Squared error";
  byId("return-name").textContent = classes ? "Right at this weight" : "Mean squared error";
  show("course", false);
}

function prepareChampions() {
  const slider = byId("champion");
  slider.max = data.champions.length - 1;
  slider.addEventListener("input", () => chooseChampion(Number(slider.value)));
  show("champion-field", data.champions.length > 1);
  byId("order").textContent = data.order;
}

function begin() {
  show("panel", true);
  show("world", Boolean(data.task));
  show("buttons", Boolean(data.task));
  const first = data.champions[data.first];
  panel.weight = first.weight;
  panel.champion = first;
  panel.number = data.first;
  if (data.task) prepareEpisode();
  prepareWeight();
  prepareChampions();
  chooseChampion(data.first);
  chooseWeight(data.recordings ? data.marks.indexOf(first.weight) : first.weight);
  let width = byId("network").parentElement.clientWidth;
  new ResizeObserver(([{ contentRect }]) => {
    if (Math.abs(contentRect.width - width) < 2) return;
    width = contentRect.width;
    chooseChampion(panel.number);
  }).observe(byId("network").parentElement);
}

wann.advance = steps => { // for those who script the page
  for (let k = 0; k < steps && !panel.episode.ended; k++) advance();
  render();
};

begin();
