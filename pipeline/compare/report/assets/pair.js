// Two runs side by side, their difference, the same as numbers, and where each moves the tokens.

const PICTURES = new Map(DATA.pictures.map((one) => [`${one.run} ${one.sentence}`, one]));
const EMBEDDED = [...new Set(DATA.pictures.map((one) => one.run))].sort((a, b) => a - b);

const pictureOf = (run) => PICTURES.get(`${run} ${state.sentence}`);
const matrixOf = (one) => {
  const size = one.queries.length * one.keys.length;
  const head = Math.min(state.head, one.weights.length / size - 1);
  return one.weights.slice(head * size, (head + 1) * size);
};

function startPair() {
  for (const slot of ["a", "b"]) {
    const select = find(`run-${slot}`);
    select.addEventListener("change", () => choose({ [slot]: Number(select.value) }));
  }
  for (const name of ["sentence", "head"]) {
    find(name).addEventListener("change", () => choose({ [name]: Number(find(name).value) }));
  }
  find("swap").addEventListener("click", () => choose({ a: state.b, b: state.a }));
  drawPair();
  follow(["a", "b", "sentence", "head"], drawPair);
  follow(["selected"], offerRuns);
  follow(["theme"], drawMoves);
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
  const [a, b] = [pictureOf(state.a), pictureOf(state.b)];
  const heads = a ? a.weights.length / (a.queries.length * a.keys.length) : 1;
  if (state.head >= heads) state.head = 0;
  fill(find("head"), Array.from({ length: heads }, (_, head) => [head, `head ${head}`]), state.head);
  find("sentence").parentElement.hidden = here.length < 2;
  find("head").parentElement.hidden = heads < 2;
  const shared = Math.max(...[a, b].filter(Boolean).flatMap(matrixOf), 1e-12);
  drawOne("a", a, shared);
  drawOne("b", b, shared);
  drawDifference(a, b);
  drawNumbers(a, b);
  drawMoves();
}

function drawOne(slot, one, most) {
  const host = find(`heat-${slot}`);
  find(`name-${slot}`).textContent = clip(runLabel(state[slot]), 120);
  if (!one) {
    find(`bar-${slot}`).replaceChildren();
    return host.replaceChildren(element("p", { class: "quiet" }, missing(state[slot])));
  }
  heatmap(host, { ...one, name: `Weights of run ${slot.toUpperCase()}, queries down, keys across`, scale: WEIGHT, most })(matrixOf(one));
  colorBar(find(`bar-${slot}`), WEIGHT, most, "weight");
}

const missing = (run) =>
  EMBEDDED.includes(run) ? "This run has not attended to that sentence." : `The weights of this run are not in the page. ${DATA.rule}`;

const comparable = (a, b) => a && b && JSON.stringify([a.queries, a.keys]) === JSON.stringify([b.queries, b.keys]);

function drawDifference(a, b) {
  const host = find("heat-d");
  if (!comparable(a, b)) {
    find("bar-d").replaceChildren();
    find("name-d").textContent = "";
    return host.replaceChildren(element("p", { class: "quiet" }, "No difference: the two runs do not attend to the same tokens."));
  }
  const [before, after] = [matrixOf(a), matrixOf(b)];
  const change = after.map((value, place) => value - before[place]);
  const most = Math.max(...change.map(Math.abs), 1e-12);
  const place = change.findIndex((value) => Math.abs(value) === most);
  const M = a.keys.length;
  find("name-d").textContent = most > 1e-9
    ? `moved most: ${clip(a.queries[Math.floor(place / M)], 20)} → ${clip(a.keys[place % M], 20)}, ${signed(change[place])}`
    : "the two runs have the same weights";
  heatmap(host, { ...a, name: "Weights of B minus those of A", scale: CHANGE, most })(change);
  colorBar(find("bar-d"), CHANGE, most, "change of weight");
}

/** The same numbers as a table, for those who read and copy. */
function drawNumbers(a, b) {
  const host = find("numbers");
  if (!a || a.queries.length * a.keys.length > 4096) return host.replaceChildren();
  const both = comparable(a, b) ? matrixOf(b) : null;
  const [values, M] = [matrixOf(a), a.keys.length];
  const rows = values.map((value, place) => {
    const cells = [a.queries[Math.floor(place / M)], a.keys[place % M], spoken(value, 6), ...(both ? [spoken(both[place], 6), signed(both[place] - value, 4)] : [])];
    return element("tr", {}, ...cells.map((text, i) => element("td", i > 1 ? { class: "number" } : { dir: "auto" }, text)));
  });
  const names = ["query", "key", "A", ...(both ? ["B", "B − A"] : [])];
  const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)));
  host.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

// --- displacement ------------------------------------------------------------------------------

/** Both runs in one plane: each token from its own vector (hollow) to what attention makes of it. */
function drawMoves() {
  const host = find("moves");
  const found = ["a", "b"].map((slot) => ({ slot, moved: pictureOf(state[slot])?.moved, one: pictureOf(state[slot]) }));
  const usable = found.filter(({ moved }) => moved);
  if (!usable.length) return host.replaceChildren(element("p", { class: "quiet" }, "No embeddings of these runs are in the page."));
  const plane = usable[0].moved.plane;
  const shown = usable.filter(({ moved }) => moved.plane === plane);
  const points = shown.flatMap(({ moved }) => [...moved.static, ...moved.contextual]);
  const [width, height, pad] = [720, 470, 56];
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
  const [[x0, x1], [y0, y1]] = [xs, ys].map((values) => [Math.min(...values), Math.max(...values)]);
  const unit = Math.min((width - 2 * pad) / (x1 - x0 || 1), (height - 2 * pad) / (y1 - y0 || 1));
  const px = ([x]) => width / 2 + (x - (x0 + x1) / 2) * unit;
  const py = ([, y]) => height / 2 - (y - (y0 + y1) / 2) * unit;
  const { explained } = DATA.planes[plane];
  const arrows = shown.map(({ slot, moved, one }) => drawn("g", { class: `move ${slot}` },
    ...(moved.cross ? [] : moved.static.map((start, i) => {
      const end = moved.contextual[i];
      return drawn("line", { x1: px(start), y1: py(start), x2: px(end), y2: py(end) });
    })),
    ...moved.static.map((start, i) =>
      drawn("circle", { class: "static", cx: px(start), cy: py(start), r: 4.5 }, drawn("title", {}, clip(one.keys[i], 60)))),
    ...moved.contextual.map((end, i) =>
      drawn("circle", { class: "contextual", cx: px(end), cy: py(end), r: 5 }, drawn("title", {}, told(slot, one, moved, i))))));
  const { one, moved } = shown[0];
  const away = moved.static.map((start, i) => ((moved.contextual[i] ?? start)[0] > start[0] ? -1 : 1));
  const names = labels(one.keys, moved.static.map((point) => [px(point), py(point)]), away);
  const label = `Displacement of ${one.queries.length} tokens by attention, ${shown.length === 2 ? "runs A and B" : "one run"}, in one plane`;
  const svg = picture(width, height, label,
    drawn("line", { class: "grid", x1: 30, x2: width - 10, y1: height - 34, y2: height - 34 }),
    drawn("line", { class: "grid", x1: 30, x2: 30, y1: 10, y2: height - 34 }),
    drawn("text", { class: "name", x: width - 10, y: height - 14, "text-anchor": "end" }, `PC 1, ${Math.round(100 * explained[0])}% of the variance of the static vectors`),
    drawn("text", { class: "name", x: 18, y: 14, transform: "rotate(-90 18 14)", "text-anchor": "end" }, `PC 2, ${Math.round(100 * explained[1])}%`),
    ...arrows, ...names);
  const apart = usable.length > shown.length ? [element("p", { class: "quiet" }, "Run B lives in another space (other sentence or width) and is not drawn.")] : [];
  host.replaceChildren(svg, ...apart);
}

/** What the tooltip of a moved token says. */
function told(slot, one, moved, i) {
  const name = `${clip(one.queries[i], 60)}, run ${slot.toUpperCase()}`;
  if (moved.cross) return `${name}: mixed from the keys (hollow)`;
  const [start, end] = [moved.static[i], moved.contextual[i]];
  return `${name}: moves by ${spoken(Math.hypot(end[0] - start[0], end[1] - start[1]), 3)} in this plane`;
}

/** Names beside their points, away from where they move; left out where two would overlap. */
function labels(tokens, places, away) {
  const taken = [];
  return tokens.flatMap((token, i) => {
    const [x, y] = places[i];
    const right = away[i] > 0;
    const box = { x: right ? x + 8 : x - 8 - 8 * clip(token, 14).length, y: y - 9, w: 8 * clip(token, 14).length, h: 15 };
    const hits = taken.some((other) => box.x < other.x + other.w && other.x < box.x + box.w && box.y < other.y + other.h && other.y < box.y + box.h);
    if (hits) return [];
    taken.push(box);
    return [caption(token, { class: "token", x: right ? x + 9 : x - 9, y: y + 4, "text-anchor": right ? "start" : "end" }, 14)];
  });
}
