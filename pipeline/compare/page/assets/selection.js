// Which runs are selected: within every brush and found by the table's search.

const axes = COLUMNS.map(axisOf);
const brushed = new Uint8Array(RUNS).fill(1); // within every brush
const selected = new Uint8Array(RUNS).fill(1); // and found by the table
const DRAWN = sampled(1000); // runs that the pictures draw
let hovered = -1; // the run under the pointer

/** Marks the runs within every brush. */
function applyBrushes() {
  const limits = [...brushes()];
  for (let run = 0; run < RUNS; run++) {
    brushed[run] = limits.every(([place, [low, high]]) => {
      const value = COLUMNS[place].values[run];
      if (value === null) return false;
      const at = axes[place].at(value);
      return at >= low && at <= high;
    })
      ? 1
      : 0;
  }
}

/** Selects the runs that the table found, and updates the rest of the page. */
function select(found) {
  selected.fill(0);
  for (const run of found) selected[run] = 1;
  const count = found.length;
  const drawnToo = DRAWN.length < RUNS ? ` The pictures draw ${DRAWN.length} of them, every ${DRAWN[1]}th; the table holds all.` : "";
  find("count").textContent = `${count.toLocaleString("en")} of ${RUNS.toLocaleString("en")} runs selected.${drawnToo}`;
  find("clear").hidden = count === RUNS && !state.brush && !state.search;
  for (const listener of listeners) listener(new Set(["selected"]));
}

/** Marks one run in every picture. */
function hover(run) {
  if (run === hovered) return;
  hovered = run;
  for (const listener of listeners) listener(new Set(["hovered"]));
}
