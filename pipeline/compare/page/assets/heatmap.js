// A heatmap: one square per weight, its number shown by pointer or arrow keys.

const NUMBERS = 12; // keys up to which the number is in the square

/**
 * Draws `values` (row after row) into `host` and returns what redraws it with other values.
 * grid: {queries, keys, name, scale: WEIGHT or CHANGE, most, room: pixels for the squares}
 */
function heatmap(host, grid) {
  const [N, M] = [grid.queries.length, grid.keys.length];
  const cell = clamp(Math.floor((grid.room ?? 300) / Math.max(N, M)), 7, 80);
  const texts = [...grid.queries, ...grid.keys].map((token) => clip(token, 14));
  const margin = clamp(8 + 7.6 * Math.max(...texts.map((text) => text.length)), 40, 120);
  const skip = Math.ceil(13 / cell); // tokens per label, so that labels do not overlap
  const squares = [];
  const numbers = [];
  const body = svgElement("g", { transform: `translate(${margin},4)` });
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < M; j++) {
      squares.push(svgElement("rect", { x: j * cell, y: i * cell, width: cell, height: cell }));
      if (M <= NUMBERS) numbers.push(svgElement("text", { class: "cell", x: (j + 0.5) * cell, y: (i + 0.5) * cell + 4, "text-anchor": "middle" }));
    }
  }
  const cursor = svgElement("rect", { class: "cursor", width: cell, height: cell, visibility: "hidden" });
  body.append(...squares, ...numbers, cursor);
  grid.queries.forEach((token, i) => {
    if (i % skip === 0) body.append(caption(token, { class: "token", x: -8, y: (i + 0.5) * cell + 4, "text-anchor": "end" }, 14));
  });
  grid.keys.forEach((token, j) => {
    if (j % skip) return;
    const [x, y] = [(j + 0.5) * cell + 4, N * cell + 10];
    body.append(caption(token, { class: "token", x, y, "text-anchor": "end", transform: `rotate(-45 ${x} ${y})` }, 14));
  });
  const size = [margin + M * cell + 6, N * cell + margin * 0.75 + 14];
  const svg = picture(...size, grid.name, body);
  svg.setAttribute("tabindex", "0");
  svg.setAttribute("role", "application");
  svg.setAttribute("aria-roledescription", "heatmap; arrow keys read the numbers");
  host.replaceChildren(svg);

  let now = [];
  const redraw = (values, most = grid.most) => {
    now = values;
    values.forEach((value, place) => {
      const color = along(grid.scale.anchors, grid.scale.at(value, most));
      squares[place].setAttribute("fill", css(color));
      if (!numbers.length) return;
      numbers[place].textContent = twoDecimals(value, grid.scale);
      numbers[place].setAttribute("class", `cell ${readable(color)}`);
    });
  };
  const describeCell = (i, j) => `${clip(grid.queries[i], 60)} → ${clip(grid.keys[j], 60)}: ${exact(now[i * M + j], grid.scale)}`;
  followCursor(svg, body, cell, [N, M], describeCell, cursor);
  return redraw;
}

const twoDecimals = (value, scale) =>
  (scale === CHANGE && value >= 0.005 ? "+" : "") + value.toFixed(2).replace(/^-0\.00$/, "0.00").replace("-", "−");

const exact = (value, scale) => (scale === CHANGE ? formatChange(value, 4) : formatNumber(value, 5));

/** Pointer and arrow keys over the squares. */
function followCursor(svg, body, cell, [N, M], describeCell, cursor) {
  let [row, column] = [0, 0];
  const show = (i, j) => {
    cursor.setAttribute("x", j * cell);
    cursor.setAttribute("y", i * cell);
    cursor.setAttribute("visibility", "visible");
  };
  const hide = () => cursor.setAttribute("visibility", "hidden");
  svg.addEventListener("pointermove", (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(body.getScreenCTM().inverse());
    const [i, j] = [Math.floor(at.y / cell), Math.floor(at.x / cell)];
    if (i < 0 || j < 0 || i >= N || j >= M) return hide(), hideTip();
    show(i, j);
    showTip(event, describeCell(i, j));
  });
  svg.addEventListener("pointerleave", () => (hide(), hideTip()));
  svg.addEventListener("blur", () => (hide(), hideTip()));
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    if (cursor.getAttribute("visibility") === "visible") {
      row = clamp(row + step[0], 0, N - 1);
      column = clamp(column + step[1], 0, M - 1);
    }
    show(row, column);
    const box = cursor.getBoundingClientRect();
    showTip({ clientX: box.right, clientY: box.bottom }, describeCell(row, column));
    say(describeCell(row, column));
  });
}

/** The color bar of a scale, from −most or 0 to most. */
function colorBar(host, scale, most, label) {
  const stops = scale.anchors.map((color, i) =>
    svgElement("stop", { offset: i / (scale.anchors.length - 1), "stop-color": css(color) }),
  );
  const id = `bar-${host.id}`;
  const middle = scale === CHANGE ? [svgElement("text", { class: "tick", x: 120, y: 30, "text-anchor": "middle" }, "0")] : [];
  host.replaceChildren(
    picture(240, 36, `${label}: color scale from ${scale === CHANGE ? formatNumber(-most, 3) : 0} to ${formatNumber(most, 3)}`,
      svgElement("defs", {}, svgElement("linearGradient", { id }, ...stops)),
      svgElement("rect", { x: 0, y: 4, width: 240, height: 10, rx: 2, fill: `url(#${id})` }),
      svgElement("text", { class: "tick", x: 0, y: 30 }, scale === CHANGE ? formatNumber(-most, 3) : "0"),
      ...middle,
      svgElement("text", { class: "tick", x: 240, y: 30, "text-anchor": "end" }, `${scale === CHANGE ? "+" : ""}${formatNumber(most, 3)}`)),
  );
}
