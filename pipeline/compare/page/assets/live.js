// The live panel: softmax(mask(cap(c·q·k/T) + bias)), computed in the page as the pipeline does.

const MULTIPLIERS = {
  sqrt_dk: { text: "1/√d_k", of: (input) => 1 / Math.sqrt(input.width) },
  none: { text: "none", of: () => 1 },
  dk: { text: "1/d_k", of: (input) => 1 / input.width },
  log_n: {
    text: "ln n/√d_k",
    of: (input, count) => (input.log_n_factor * Math.log(Math.max(count, 1))) / Math.sqrt(input.width),
  },
};

/** What q·k is multiplied by; `count` keys are allowed. A scale given as a number is that number. */
const multiplier = (input, scale, count) =>
  scale in MULTIPLIERS ? MULTIPLIERS[scale].of(input, count) : Number(scale);

/** The weights of one head, row by row; a row without an allowed key is all zeros. */
function attendLive(input, head, scale, temperature) {
  const [N, M] = [input.queries.length, input.keys.length];
  const weights = new Array(N * M).fill(0);
  for (let i = 0; i < N; i++) {
    const row = liveRow(input, (head * N + i) * M, M, scale, temperature);
    for (let j = 0; j < M; j++) weights[i * M + j] = row[j];
  }
  return weights;
}

function liveRow(input, from, M, scale, temperature) {
  const allowed = (j) => !input.mask || input.mask[from + j] === 1;
  let count = 0;
  for (let j = 0; j < M; j++) count += allowed(j) ? 1 : 0;
  const factor = multiplier(input, scale, count) / temperature;
  const logits = new Float64Array(M).fill(-Infinity);
  let peak = -Infinity;
  for (let j = 0; j < M; j++) {
    if (!allowed(j)) continue;
    let z = input.scores[from + j] * factor;
    if (input.softcap !== null) z = input.softcap * Math.tanh(z / input.softcap);
    if (input.bias) z += input.bias[from + j];
    logits[j] = z;
    peak = Math.max(peak, z);
  }
  if (count === 0) return new Float64Array(M);
  let total = 0;
  for (let j = 0; j < M; j++) total += logits[j] = Math.exp(logits[j] - peak);
  return logits.map((weight) => weight / total);
}

/** Mean entropy in nats and mean largest weight of the rows that see a key. */
function liveNumbers(weights, M) {
  let [rows, entropy, largest] = [0, 0, 0];
  for (let from = 0; from < weights.length; from += M) {
    const row = weights.slice(from, from + M);
    const most = Math.max(...row);
    if (most === 0) continue;
    rows += 1;
    largest += most;
    entropy -= row.reduce((sum, p) => sum + (p > 0 ? p * Math.log(p) : 0), 0);
  }
  return { entropy: entropy / rows, largest: largest / rows };
}

const liveInput = () => DATA.live[state.input];
const liveScale = () => state.scale || String(liveInput().scale);
const liveTemperature = () => {
  const asked = Number(state.T);
  return state.T !== "" && asked > 0 && Number.isFinite(asked) ? asked : liveInput().temperature;
};

let redrawLive = null;

function startLive() {
  if (!DATA.live.length) return;
  if (!(state.input < DATA.live.length)) state.input = 0;
  fill(find("input"), DATA.live.map((input, place) => [place, input.label]), state.input);
  find("input").parentElement.hidden = DATA.live.length < 2;
  find("input").addEventListener("change", () => choose({ input: Number(find("input").value), livehead: 0, scale: "", T: "" }));
  find("livehead").addEventListener("change", () => choose({ livehead: Number(find("livehead").value) }));
  find("slider").addEventListener("input", () => choose({ T: String(Number((10 ** Number(find("slider").value)).toPrecision(3))) }));
  find("temperature").addEventListener("change", () => choose({ T: find("temperature").value }));
  find("reset").addEventListener("click", () => choose({ scale: "", T: "" }));
  find("scales").addEventListener("change", (event) => choose({ scale: event.target.value }));
  newLive();
  follow(["input", "livehead"], newLive);
  follow(["T", "scale"], drawLive);
}

/** Another input or head: other tokens, so another grid. */
function newLive() {
  const input = liveInput();
  fill(find("input"), DATA.live.map((each, place) => [place, each.label]), state.input);
  const heads = input.scores.length / (input.queries.length * input.keys.length);
  if (state.livehead >= heads) state.livehead = 0;
  fill(find("livehead"), Array.from({ length: heads }, (_, head) => [head, `head ${head}`]), state.livehead);
  find("livehead").parentElement.hidden = heads < 2;
  const scales = Object.entries(MULTIPLIERS).map(([value, { text }]) => [value, text]);
  if (!(input.scale in MULTIPLIERS)) scales.push([String(input.scale), formatNumber(input.scale)]);
  find("scales").replaceChildren(
    ...scales.map(([value, text]) => element("label", {}, element("input", { type: "radio", name: "scale", value }), element("span", {}, text))),
  );
  redrawLive = heatmap(find("live-heat"), { ...input, name: "Weights at the temperature and scale chosen", scale: WEIGHT, most: 1, room: 400 });
  drawLive();
}

function drawLive() {
  const input = liveInput();
  const [scale, temperature] = [liveScale(), liveTemperature()];
  const weights = attendLive(input, state.livehead, scale, temperature);
  const most = Math.max(...weights, 1e-12);
  redrawLive(weights, most);
  colorBar(find("live-bar"), WEIGHT, most, "weight");
  find("slider").value = Math.log10(temperature);
  find("slider").setAttribute("aria-valuetext", `temperature ${formatNumber(temperature)}`);
  find("temperature").value = temperature;
  for (const radio of find("scales").querySelectorAll("input")) radio.checked = radio.value === scale;
  const { entropy, largest } = liveNumbers(weights, input.keys.length);
  const factor = scale === "log_n" ? "by the keys each query sees" : `by ${formatNumber(multiplier(input, scale, 1) / temperature, 3)}`;
  find("live-said").textContent = `q·k is multiplied ${factor}. Mean entropy ${formatNumber(entropy, 3)} nats, mean largest weight ${formatNumber(largest, 3)}.`;
}
