// Two runs side by side: which they are, which sentence of each, and the weights of both.

const PICTURES = new Map(DATA.pictures.map((one) => [`${one.run} ${one.sentence}`, one]));
const EMBEDDED = [...new Set(DATA.pictures.map((one) => one.run))].sort((a, b) => a - b);

/** The sentence that a run shows: the chosen one is run A's, and run B shows its partner. */
const sentenceOf = (slot) => (slot === "a" ? state.sentence : partnerOf(state.sentence));
const pictureOf = (slot) => PICTURES.get(`${state[slot]} ${sentenceOf(slot)}`);
const attendedBy = (slot) => DATA.attended[state[slot]] ?? [];

/** Run B's sentence for one of A's: of the same name, else the unmatched ones in order. */
function partnerOf(sentence) {
  const [mine, theirs] = [attendedBy("a"), attendedBy("b")];
  if (theirs.includes(sentence)) return sentence;
  const rest = (these, those) => {
    const known = new Set(those);
    return these.filter((one) => DATA.layers[one] === DATA.layers[sentence] && !known.has(one));
  };
  return rest(theirs, mine)[rest(mine, theirs).indexOf(sentence)];
}

const matrixOf = (one) => {
  const size = one.queries.length * one.keys.length;
  const head = Math.min(state.head, one.weights.length / size - 1);
  return one.weights.slice(head * size, (head + 1) * size);
};

panels.push(startPair);

function startPair() {
  for (const slot of ["a", "b"]) {
    const select = find(`run-${slot}`);
    select.addEventListener("change", () => choose({ [slot]: Number(select.value) }));
  }
  for (const name of ["sentence", "head"]) {
    find(name).addEventListener("change", () => choose({ [name]: Number(find(name).value) }));
  }
  find("swap").addEventListener("click", () => choose({ a: state.b, b: state.a, sentence: sentenceOf("b") ?? state.sentence }));
  drawPair();
  follow(["a", "b", "sentence", "head"], drawPair);
  follow(["selected"], offerRuns);
}

/** The runs that can be shown: those selected whose weights are in the page, and the two shown. */
function offerRuns() {
  for (const slot of ["a", "b"]) {
    const runs = EMBEDDED.filter((run) => selected[run] || run === state[slot]);
    if (!runs.includes(state[slot])) runs.unshift(state[slot]);
    fill(find(`run-${slot}`), runs.map((run) => [run, runLabel(run)]), state[slot]);
  }
}

function drawPair() {
  offerRuns();
  const here = DATA.sentences.map((name, place) => [place, name]).filter(([place]) => PICTURES.has(`${state.a} ${place}`));
  if (here.length && !here.some(([place]) => place === state.sentence)) state.sentence = here[0][0];
  fill(find("sentence"), here, state.sentence);
  const [a, b] = [pictureOf("a"), pictureOf("b")];
  const heads = a ? a.weights.length / (a.queries.length * a.keys.length) : 1;
  if (state.head >= heads) state.head = 0;
  fill(find("head"), Array.from({ length: heads }, (_, head) => [head, `head ${head}`]), state.head);
  find("sentence").parentElement.hidden = here.length < 2;
  find("head").parentElement.hidden = heads < 2;
  const shared = Math.max(...[a, b].filter(Boolean).flatMap(matrixOf), 1e-12);
  drawOne("a", a, shared);
  drawOne("b", b, shared);
  const pair = a && b ? paired(a, b) : null;
  drawDifference(a, b, pair);
  drawNumbers(a, b, pair);
}

function drawOne(slot, one, most) {
  const host = find(`heat-${slot}`);
  const sentence = DATA.sentences[sentenceOf(slot)];
  const other = slot === "b" && sentence !== undefined && sentenceOf("b") !== state.sentence && attendedBy("a").length > 1;
  find(`name-${slot}`).textContent = clip(runLabel(state[slot]), 120) + (other ? ` · ${clip(sentence, 60)}` : "");
  if (!one) {
    find(`bar-${slot}`).replaceChildren();
    return host.replaceChildren(element("p", { class: "quiet" }, missing(slot)));
  }
  heatmap(host, { ...one, name: `Weights of run ${slot.toUpperCase()}, queries down, keys across`, scale: WEIGHT, most })(matrixOf(one));
  colorBar(find(`bar-${slot}`), WEIGHT, most, "weight");
}

const missing = (slot) =>
  EMBEDDED.includes(state[slot]) && !attendedBy(slot).includes(sentenceOf(slot))
    ? "This run has not attended to that sentence."
    : `The weights of this run are not in the page. ${DATA.rule}`;
