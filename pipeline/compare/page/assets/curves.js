// The curves: the metric along one setting, a line for each value of the others.

panels.push(startCurves);

function startCurves() {
  const settings = LEADERS.map((column) => [column.name, column.label]);
  const none = [["", "none"]];
  for (const [name, choices] of [
    ["metric", METRICS.map((column) => [column.name, column.label])],
    ["along", settings],
    ["color", [...none, ...settings]],
    ["panel", [...none, ...settings]],
  ]) {
    const select = find(name);
    const restore = () => fill(select, choices, state[name]);
    select.addEventListener("change", () => choose({ [name]: select.value }));
    follow([name], restore);
    restore();
  }
  drawCurves();
  follow(["metric", "along", "color", "panel", "selected", "theme", "a", "b", "hovered"], drawCurves);
}

function drawCurves() {
  const [metric, x] = [columnNamed(state.metric), columnNamed(state.along)];
  const host = find("curves");
  if (!metric || !x) return host.replaceChildren(element("p", { class: "quiet" }, "Nothing varied that a curve could follow."));
  const hue = columnNamed(state.color);
  const panel = columnNamed(state.panel);
  const facets = panel ? axes[panel.place].ticks.slice(0, 6) : [[null, ""]];
  const shade = hueOf(hue);
  const parts = facets.map(([value, text]) => drawFacet(metric, x, hue, panel, value, panel ? `${panel.label} ${text}` : "", shade, facets.length));
  const more = panel ? axes[panel.place].ticks.length - facets.length : 0;
  if (more > 0) parts.push(element("p", { class: "quiet" }, `${more} more panels not drawn.`));
  host.replaceChildren(...parts);
  find("legend").replaceChildren(...(hue ? legend(hue, shade) : []));
}

/** value → color: categories by Okabe and Ito while they last, numbers along viridis. */
function hueOf(column) {
  if (!column) return () => "var(--accent)";
  const axis = axes[column.place];
  const colors = CATEGORIES[isDark() ? "dark" : "light"];
  if (column.numeric || axis.ticks.length > colors.length) return (value) => lineColor(axis.to(value));
  return (value) => colors[axis.at(value)];
}

function legend(hue, shade) {
  const ticks = axes[hue.place].ticks.slice(0, 12);
  return [
    element("span", { class: "quiet" }, hue.label),
    ...ticks.map(([value, text]) => {
      const dot = element("i");
      dot.style.background = shade(value);
      return element("span", {}, dot, clip(text, 30));
    }),
  ];
}

/** The runs of one panel as lines: those that differ only in the setting on the x axis. */
function linesOf(runs, x) {
  const others = LEADERS.filter((column) => column !== x);
  const groups = new Map();
  for (const run of runs) {
    const key = JSON.stringify(others.map((column) => column.values[run]));
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(run);
  }
  const at = axes[x.place];
  return [...groups.values()].map((line) => line.sort((a, b) => at.at(x.values[a]) - at.at(x.values[b])));
}

function drawFacet(metric, x, hue, panel, value, title, shade, count) {
  const [width, height] = count > 1 ? [572, 340] : [760, 380];
  const room = { left: 66, right: 18, top: 34, bottom: 46 };
  const [ax, ay] = [axes[x.place], axes[metric.place]];
  const px = (v) => room.left + (0.04 + 0.92 * ax.to(v)) * (width - room.left - room.right);
  const py = (v) => height - room.bottom - (0.04 + 0.92 * ay.to(v)) * (height - room.top - room.bottom);
  const usable = (run) => metric.values[run] !== null && x.values[run] !== null;
  const runs = DRAWN.filter((run) => usable(run) && (!panel || panel.values[run] === value));
  const lines = svgElement("g", { class: "lines" });
  const dots = svgElement("g", { class: "dots" });
  for (const line of linesOf(runs, x)) {
    const color = hue ? shade(hue.values[line[0]]) : shade();
    const lit = line.filter((run) => selected[run]);
    const path = (some) => some.map((run, i) => `${i ? "L" : "M"}${px(x.values[run]).toFixed(1)},${py(metric.values[run]).toFixed(1)}`).join("");
    if (lit.length < line.length) lines.prepend(svgElement("path", { class: "faint", d: path(line) }));
    lines.append(svgElement("path", { d: path(lit), stroke: color }));
    if (runs.length <= 300) for (const run of lit) dots.append(...dot(run, px(x.values[run]), py(metric.values[run]), color));
  }
  const label = `${metric.label} against ${x.label}${title && `, ${title}`}: ${runs.length} runs`;
  const svg = picture(width, height, label,
    ...ay.ticks.map(([v, text]) => svgElement("g", {}, svgElement("line", { class: "grid", x1: room.left, x2: width - room.right, y1: py(v), y2: py(v) }), svgElement("text", { class: "tick", x: room.left - 8, y: py(v) + 4, "text-anchor": "end" }, text))),
    ...thinned(ax.ticks).map(([v, text]) => caption(text, { class: "tick", x: px(v), y: height - room.bottom + 20, "text-anchor": "middle" }, 12)),
    caption(x.label + (ax.log ? " (logarithmic)" : ""), { class: "name", x: (width + room.left) / 2, y: height - 8, "text-anchor": "middle" }, 40),
    caption(title, { class: "title", x: room.left, y: 18 }, 48),
    caption(metric.label, { class: "name", x: 16, y: height / 2 - 8, transform: `rotate(-90 16 ${height / 2 - 8})`, "text-anchor": "middle" }, 40),
    lines, dots);
  svg.addEventListener("pointermove", (event) => overDot(event, metric));
  svg.addEventListener("pointerleave", () => (hover(-1), hideTip()));
  svg.addEventListener("click", (event) => event.target.dataset.run && choose({ a: Number(event.target.dataset.run) }));
  return svg;
}

const thinned = (ticks) => ticks.filter((_, place) => place % Math.ceil(ticks.length / 9) === 0);

function dot(run, x, y, color) {
  const kind = run === hovered ? "over" : run === state.a ? "a" : run === state.b ? "b" : "";
  const circle = svgElement("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: kind ? 6 : 3.5, fill: color, class: kind, "data-run": run });
  return kind === "a" || kind === "b" ? [circle, svgElement("text", { class: kind, x: x + 9, y: y - 8 }, kind.toUpperCase())] : [circle];
}

function overDot(event, metric) {
  const run = Number(event.target.dataset?.run ?? -1);
  if (run < 0) return hideTip();
  showTip(event, runLabel(run), `${metric.label} ${formatNumber(metric.values[run])}`);
}
