// The table of all runs: DataTables sorts, searches and pages it; brushes filter it.

let table = null;

const escaped = (text) =>
  String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

panels.push(startTable);

function startTable() {
  const header = element("tr", {}, element("th", { scope: "col" }, "Compare"), ...COLUMNS.map(heading));
  find("runs").append(element("thead", {}, header));
  DataTable.ext.search.push((settings, texts, run) => brushed[run] === 1);
  table = new DataTable("#runs", {
    data: Array.from({ length: RUNS }, (_, run) => run),
    columns: [{ data: (run) => run, orderable: false, searchable: false, render: buttons }, ...COLUMNS.map(cells)],
    order: [],
    pageLength: 10,
    lengthMenu: [10, 25, 100, { label: "all", value: -1 }],
    deferRender: true,
    autoWidth: false,
    layout: { topStart: "pageLength", topEnd: "search", bottomStart: "info", bottomEnd: "paging" },
    language: { search: "Search", lengthMenu: "_MENU_ rows", info: "Rows _START_ to _END_ of _TOTAL_", infoFiltered: "(of _MAX_)" },
    createdRow: (row, run) => row.addEventListener("mouseenter", () => hover(run)),
  });
  find("runs").addEventListener("mouseleave", () => hover(-1));
  find("runs").addEventListener("click", picked);
  table.on("draw.dt", markPicks);
  table.on("search.dt", () => choose({ search: table.search() }));
  table.on("order.dt", () => choose({ sort: table.order().map(([place, way]) => `${place}${way}`).join(".") }));
  table.on("draw.dt", () => select(table.rows({ search: "applied" }).indexes().toArray()));
  follow(["brush"], redrawTable);
  follow(["columns"], showColumns);
  follow(["a", "b"], markPicks);
  follow(["hovered"], markHovered);
  startColumns();
  startPrint();
}

function heading(column) {
  return element("th", { scope: "col", class: column.numeric ? "number" : "", title: clip(column.name, 200) }, clip(column.label, 40));
}

function cells(column) {
  return {
    data: (run) => column.values[run],
    className: column.numeric ? "number" : "",
    type: column.numeric ? "num" : "string",
    render: (value, type) => {
      if (type !== "display") return value === null ? (type === "sort" && column.numeric ? -Infinity : "") : value;
      const whole = formatNumber(value);
      return `<bdi title="${escaped(clip(value ?? "undefined", 300))}">${escaped(clip(whole, 40))}</bdi>`;
    },
  };
}

function buttons(run, type) {
  if (type !== "display") return run;
  const label = escaped(clip(runLabel(run), 160));
  const one = (slot) =>
    `<button type="button" class="pick ${slot}" data-slot="${slot}" data-run="${run}" aria-pressed="false" aria-label="Show as run ${slot.toUpperCase()}: ${label}">${slot.toUpperCase()}</button>`;
  return one("a") + one("b");
}

function picked(event) {
  const button = event.target.closest("button.pick");
  if (button) choose({ [button.dataset.slot]: Number(button.dataset.run) });
}

function markPicks() {
  for (const button of find("runs").querySelectorAll("button.pick")) {
    button.setAttribute("aria-pressed", String(state[button.dataset.slot] === Number(button.dataset.run)));
  }
}

function markHovered() {
  table.rows({ page: "current" }).every(function mark(run) {
    this.node()?.classList.toggle("hovered", run === hovered);
  });
}

let waiting = 0;

/** Filters again, at most once per frame. */
function redrawTable() {
  applyBrushes();
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(() => table.draw());
}

function showColumns() {
  const shown = new Set(shownColumns());
  COLUMNS.forEach((column, place) => table.column(place + 1).visible(shown.has(column), false));
}

/** Restores the table's state from the link. */
function restoreTable() {
  const order = state.sort.split(".").map((part) => /^(\d+)(asc|desc)$/.exec(part)).filter(Boolean);
  showColumns();
  applyBrushes();
  table.order(order.map(([, place, way]) => [Number(place), way]).filter(([place]) => place <= COLUMNS.length));
  table.search(state.search).draw();
}

// --- which columns -----------------------------------------------------------------------------

function startColumns() {
  const boxes = COLUMNS.map((column) => {
    const box = element("input", { type: "checkbox", value: column.place });
    return element("label", { title: clip(column.name, 200) }, box, ` ${clip(column.label, 40)}`);
  });
  find("columns").append(...boxes);
  find("columns").addEventListener("change", () => {
    const checked = [...find("columns").querySelectorAll("input:checked")];
    choose({ columns: checked.map((box) => box.value).join(".") });
  });
  const mark = () => {
    const shown = new Set(shownColumns());
    for (const box of find("columns").querySelectorAll("input")) box.checked = shown.has(COLUMNS[box.value]);
  };
  follow(["columns"], mark);
  mark();
}

// --- paper -------------------------------------------------------------------------------------

let onScreen = 10;

function startPrint() {
  window.addEventListener("beforeprint", () => {
    onScreen = table.page.len();
    if (table.rows({ search: "applied" }).count() <= 200) table.page.len(-1).draw();
    for (const part of document.querySelectorAll("details.prints")) part.open = true;
  });
  window.addEventListener("afterprint", () => table.page.len(onScreen).draw());
}
