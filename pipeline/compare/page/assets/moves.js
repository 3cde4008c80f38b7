// The displacement of the tokens by attention: both runs in one plane.

const LABEL_HEIGHT = 15; // in the picture's units
const MAX_MARKS = 24; // under a label that can still be read

panels.push(startMoves);

function startMoves() {
  drawMoves();
  follow(["a", "b", "sentence", "head", "theme"], drawMoves);
}

/** Both runs in one plane: each token from its static vector (hollow) to its contextual one. */
function drawMoves() {
  const host = find("moves");
  const found = ["a", "b"].map((slot) => ({ slot, moved: pictureOf(slot)?.moved, one: pictureOf(slot) }));
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
  const arrows = shown.map(({ slot, moved, one }) => svgElement("g", { class: `move ${slot}` },
    ...(moved.cross ? [] : moved.static.map((start, i) => {
      const end = moved.contextual[i];
      return svgElement("line", { x1: px(start), y1: py(start), x2: px(end), y2: py(end) });
    })),
    ...moved.static.map((start, i) =>
      svgElement("circle", { class: "static", cx: px(start), cy: py(start), r: 4.5 }, svgElement("title", {}, clip(one.keys[i], 60)))),
    ...moved.contextual.map((end, i) =>
      svgElement("circle", { class: "contextual", cx: px(end), cy: py(end), r: 5 }, svgElement("title", {}, describeMove(slot, one, moved, i))))));
  const starts = shown.flatMap(({ moved, one }) => moved.static.map((start, i) => ({
    token: one.keys[i], x: px(start), y: py(start), isRight: (moved.contextual[i] ?? start)[0] <= start[0],
  })));
  const marks = shown.flatMap(({ moved }) => moved.contextual.flatMap((end, i) => {
    const to = [px(end), py(end)];
    return moved.cross ? [to] : trail([px(moved.static[i]), py(moved.static[i])], to);
  }));
  const names = labels(starts, marks);
  const label = `Displacement of ${shown[0].one.queries.length} tokens by attention, ${shown.length === 2 ? "runs A and B" : "one run"}, in one plane`;
  const svg = picture(width, height, label,
    svgElement("line", { class: "grid", x1: 30, x2: width - 10, y1: height - 34, y2: height - 34 }),
    svgElement("line", { class: "grid", x1: 30, x2: 30, y1: 10, y2: height - 34 }),
    svgElement("text", { class: "name", x: width - 10, y: height - 14, "text-anchor": "end" }, `PC 1, ${Math.round(100 * explained[0])}% of the variance of the static vectors`),
    svgElement("text", { class: "name", x: 18, y: 14, transform: "rotate(-90 18 14)", "text-anchor": "end" }, `PC 2, ${Math.round(100 * explained[1])}%`),
    ...arrows, ...names);
  const apart = usable.length > shown.length ? [element("p", { class: "quiet" }, "Run B lives in another space (other sentence or width) and is not drawn.")] : [];
  host.replaceChildren(svg, ...apart);
}

/** What the tooltip of a moved token says. */
function describeMove(slot, one, moved, i) {
  const name = `${clip(one.queries[i], 60)}, run ${slot.toUpperCase()}`;
  if (moved.cross) return `${name}: mixed from the keys (hollow)`;
  const [start, end] = [moved.static[i], moved.contextual[i]];
  return `${name}: moves by ${formatNumber(Math.hypot(end[0] - start[0], end[1] - start[1]), 3)} in this plane`;
}

/** Points of the line from a to b, close enough to notice a label on it. */
const trail = (a, b) => Array.from({ length: 61 }, (_, i) => [0, 1].map((axis) => a[axis] + ((b[axis] - a[axis]) * i) / 60));

/** Labels beside their points where the fewest marks are, preferably away from the direction of
 * motion; one label where both runs have the same, none where it would overlap. */
function labels(starts, marks) {
  const taken = [];
  return starts.flatMap(({ token, x, y, isRight }, place) => {
    if (starts.slice(0, place).some((one) => one.token === token && Math.hypot(one.x - x, one.y - y) < 1)) return [];
    const w = 8 * clip(token, 14).length;
    const right = { x: x + 8, y: y - 9, w, anchor: "start", at: [x + 9, y + 4] };
    const left = { x: x - 8 - w, y: y - 9, w, anchor: "end", at: [x - 9, y + 4] };
    const above = { x: x - w / 2, y: y - 24, w, anchor: "middle", at: [x, y - 11] };
    const below = { x: x - w / 2, y: y + 9, w, anchor: "middle", at: [x, y + 21] };
    const free = [...(isRight ? [right, left] : [left, right]), above, below].filter((box) =>
      !taken.some((other) => box.x < other.x + other.w && other.x < box.x + w && Math.abs(box.y - other.y) < LABEL_HEIGHT));
    const crossed = (box) => marks.filter(([u, v]) => u > box.x && u < box.x + w && v > box.y && v < box.y + LABEL_HEIGHT).length;
    const box = free.reduce((best, one) => (crossed(one) < crossed(best) ? one : best), free[0]);
    if (!box || crossed(box) > MAX_MARKS) return [];
    taken.push(box);
    return [caption(token, { class: "token", x: box.at[0], y: box.at[1], "text-anchor": box.anchor }, 14)];
  });
}
