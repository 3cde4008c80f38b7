// Parallel coordinates: one line per run, one axis per column; dragging along an axis brushes it.

const LINE_BINS = 12; // colors of lines, each drawn as one path
const plot = { width: 1180, top: 58, height: 260, left: 76, right: 60 };

const axisX = (place, count) =>
  count === 1 ? plot.width / 2 : plot.left + (place * (plot.width - plot.left - plot.right)) / (count - 1);
const axisY = (share) => plot.top + (1 - share) * plot.height;

let lanes = []; // {column, axis, x} from left to right
let paths = null;
let strokes = new Map(); // run → its line

panels.push(startParallel);

function startParallel() {
  drawParallel();
  follow(["columns", "theme", "metric"], drawParallel);
  follow(["selected"], drawLines);
  follow(["brush"], drawBrushes);
  follow(["hovered", "a", "b"], drawMarks);
  startRanges();
}

function drawParallel() {
  const columns = shownColumns().filter((column) => column.kind === "metric" || column.leads);
  lanes = columns.map((column, place) => ({ column, axis: axes[column.place], x: axisX(place, columns.length) }));
  strokes = new Map(DRAWN.map((run) => [run, lineOf(run)]));
  paths = { faint: svgElement("g", { class: "faint" }), bright: svgElement("g", { class: "bright" }), marks: svgElement("g", { class: "marks" }) };
  const label = `Parallel coordinates of ${DRAWN.length} runs over ${columns.map((c) => c.label).join(", ")}`;
  const svg = picture(plot.width, plot.top + plot.height + 34, label, ...Object.values(paths), ...lanes.map(lane));
  svg.style.minWidth = `${Math.min(92 * lanes.length, plot.width)}px`;
  svg.addEventListener("pointermove", pointed);
  svg.addEventListener("pointerleave", () => (hover(-1), hideTip()));
  svg.addEventListener("click", (event) => event.target.closest(".lane") || (hovered >= 0 && choose({ a: hovered })));
  find("parallel").replaceChildren(svg);
  drawFaint();
  drawLines();
  drawBrushes();
  drawMarks();
}

function lane({ column, axis, x }, place) {
  const last = place === lanes.length - 1 && place > 0;
  const group = svgElement("g", { class: "lane", transform: `translate(${x},0)`, "data-place": column.place });
  group.append(
    ...nameOf(column),
    svgElement("line", { class: "rule", y1: axisY(1), y2: axisY(0) }),
    ...axis.ticks.map(([value, text]) =>
      caption(text, { class: "tick", x: last ? 8 : -8, y: axisY(axis.to(value)) + 4, "text-anchor": last ? "start" : "end" }, 10),
    ),
    svgElement("rect", { class: "hit", x: -18, width: 36, y: plot.top - 8, height: plot.height + 16 }),
    svgElement("rect", { class: "brush", x: -9, width: 18, y: 0, height: 0 }),
  );
  group.addEventListener("pointerdown", (event) => startBrush(event, group, column, axis));
  return group;
}

/** An axis's name on one line, or on two where it has several words. */
function nameOf(column) {
  const words = clip(column.label, 28).split(" ");
  const half = Math.ceil(words.length / 2);
  const lines = words.length > 1 ? [words.slice(0, half).join(" "), words.slice(half).join(" ")] : words;
  return lines.map((text, i) =>
    caption(text, { class: "name", x: 0, y: 34 - 15 * (lines.length - 1 - i), "text-anchor": "middle" }, 16),
  );
}

// --- lines -------------------------------------------------------------------------------------

const lineOf = (run) => {
  let path = "";
  let pen = "M";
  for (const { column, axis, x } of lanes) {
    const value = column.values[run];
    if (value === null) {
      pen = "M";
      continue;
    }
    path += `${pen}${x.toFixed(1)},${axisY(axis.to(value)).toFixed(1)}`;
    pen = "L";
  }
  return path;
};

function drawFaint() {
  paths.faint.replaceChildren(svgElement("path", { d: [...strokes.values()].join("") }));
}

/** The selected lines, colored by the metric: one path per color, so that a thousand are fast. */
function drawLines() {
  const column = columnNamed(state.metric);
  const bins = Array.from({ length: LINE_BINS }, () => []);
  for (const run of DRAWN) {
    if (!selected[run]) continue;
    const value = column?.values[run] ?? null;
    const share = value === null || !column ? 0 : axes[column.place].to(value);
    bins[clamp(Math.floor(share * LINE_BINS), 0, LINE_BINS - 1)].push(run);
  }
  const lines = bins.map((runs, bin) =>
    svgElement("path", { d: runs.map((run) => strokes.get(run)).join(""), stroke: lineColor(bin / (LINE_BINS - 1)) }),
  );
  paths.bright.replaceChildren(...lines);
}

function drawMarks() {
  const mark = (run, kind) => svgElement("path", { class: kind, d: lineOf(run) });
  const marks = [mark(state.a, "a"), mark(state.b, "b")];
  if (hovered >= 0) marks.push(mark(hovered, "over"));
  paths.marks.replaceChildren(...marks);
}

/** The run whose line is nearest to the pointer, if one is within a few pixels. */
function pointed(event) {
  if (event.buttons) return;
  const box = event.currentTarget.getBoundingClientRect();
  const ratio = plot.width / box.width;
  const [x, y] = [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
  const right = lanes.findIndex((each) => each.x >= x);
  let best = -1;
  if (right > 0) {
    const [one, two] = [lanes[right - 1], lanes[right]];
    const share = (x - one.x) / (two.x - one.x);
    let nearest = 7;
    for (const run of DRAWN) {
      const ends = [one.column.values[run], two.column.values[run]];
      if (!selected[run] || ends.includes(null)) continue;
      const at = axisY(one.axis.to(ends[0]) * (1 - share) + two.axis.to(ends[1]) * share);
      if (Math.abs(at - y) < nearest) [nearest, best] = [Math.abs(at - y), run];
    }
  }
  hover(best);
  if (best < 0) return hideTip();
  const metric = columnNamed(state.metric);
  showTip(event, runLabel(best), ...(metric ? [`${metric.label} ${formatNumber(metric.values[best])}`] : []));
}

// --- brushes -----------------------------------------------------------------------------------

function startBrush(event, group, column, axis) {
  event.preventDefault();
  group.setPointerCapture(event.pointerId);
  const box = group.ownerSVGElement.getBoundingClientRect();
  const share = (move) => clamp(1 - (((move.clientY - box.top) * plot.width) / box.width - plot.top) / plot.height, -0.02, 1.02);
  const start = share(event);
  const drag = (move) => {
    const ends = [start, share(move)].sort((a, b) => a - b);
    const found = brushes();
    if (ends[1] - ends[0] < 0.02) found.delete(column.place);
    else found.set(column.place, ends.map(axis.from));
    choose({ brush: asBrush(found) });
  };
  const end = (move) => {
    group.removeEventListener("pointermove", drag);
    group.removeEventListener("pointerup", end);
    group.removeEventListener("pointercancel", end);
    if (move.type === "pointerup") drag(move);
    say(find("count").textContent);
  };
  group.addEventListener("pointermove", drag);
  group.addEventListener("pointerup", end);
  group.addEventListener("pointercancel", end);
}

function drawBrushes() {
  const found = brushes();
  for (const group of find("parallel").querySelectorAll(".lane")) {
    const place = Number(group.dataset.place);
    const brush = group.querySelector(".brush");
    group.classList.toggle("brushed", found.has(place));
    if (!found.has(place)) {
      brush.setAttribute("height", 0);
      continue;
    }
    const shares = found.get(place).map((value) => shareOf(place, value));
    brush.setAttribute("y", axisY(shares[1]));
    brush.setAttribute("height", Math.max(axisY(shares[0]) - axisY(shares[1]), 1));
  }
}

/** The position of a coordinate on its axis, 0 at the bottom to 1 at the top. */
function shareOf(place, value) {
  if (COLUMNS[place].numeric) return axes[place].to(axes[place].log ? Math.max(value, 1e-300) : value);
  return value / Math.max(axes[place].ticks.length - 1, 1);
}

// --- brushes by keyboard -----------------------------------------------------------------------

function startRanges() {
  const host = find("ranges");
  const rows = COLUMNS.filter((column) => column.kind === "metric" || column.leads).map((column) =>
    column.numeric ? numberRange(column) : choiceRange(column),
  );
  host.append(...rows);
  follow(["brush"], () => rows.forEach((row) => row.dispatchEvent(new Event("brushed"))));
  find("clear").addEventListener("click", () => {
    table.search("");
    choose({ brush: "", search: "" });
  });
}

function setBrush(column, range) {
  const found = brushes();
  if (range) found.set(column.place, range);
  else found.delete(column.place);
  choose({ brush: asBrush(found) });
}

function numberRange(column) {
  const [low, high] = ["least", "most"].map((end) =>
    element("input", { type: "number", step: "any", placeholder: end, "aria-label": `${end} ${clip(column.label, 40)}` }),
  );
  const row = element("div", { class: "range" }, element("span", {}, clip(column.label, 40)), low, high);
  row.addEventListener("change", () => {
    const ends = [low.value === "" ? -1e300 : Number(low.value), high.value === "" ? 1e300 : Number(high.value)];
    setBrush(column, low.value === "" && high.value === "" ? null : ends);
  });
  row.addEventListener("brushed", () => {
    const range = brushes().get(column.place) ?? [-1e300, 1e300];
    low.value = range[0] <= -1e300 ? "" : range[0];
    high.value = range[1] >= 1e300 ? "" : range[1];
  });
  return row;
}

function choiceRange(column) {
  const choices = axes[column.place].ticks.map(([, text], place) => [place, text]);
  const select = element("select", { "aria-label": `only ${clip(column.label, 40)}` });
  fill(select, [["", "any"], ...choices], "");
  select.addEventListener("change", () =>
    setBrush(column, select.value === "" ? null : [Number(select.value) - 0.25, Number(select.value) + 0.25]),
  );
  const row = element("div", { class: "range" }, element("span", {}, clip(column.label, 40)), select);
  row.addEventListener("brushed", () => {
    const range = brushes().get(column.place);
    const inside = range ? choices.filter(([place]) => place >= range[0] && place <= range[1]) : [];
    select.value = inside.length === 1 ? inside[0][0] : "";
  });
  return row;
}
