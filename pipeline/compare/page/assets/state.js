// The state of the view, and the link that stores it: the reader's choices are in the URL's hash.

const first = (column) => (column ? column.name : "");
const numericSettings = LEADERS.filter((column) => column.numeric);
const spread = (column) => new Set(column.values).size;
const ALONG = [...numericSettings].sort((a, b) => spread(b) - spread(a))[0] ?? LEADERS.at(-1);
const OTHERS = LEADERS.filter((column) => column !== ALONG);
const SHOWN_METRICS = 6; // columns of metrics that show until the reader asks for more

const DEFAULTS = {
  metric: first(METRICS[0]),
  along: first(ALONG),
  color: first(OTHERS.at(-1)),
  panel: OTHERS.length > 1 ? first(OTHERS[0]) : "",
  a: DATA.pair[0],
  b: DATA.pair[1],
  sentence: 0,
  head: 0,
  search: "",
  sort: "",
  columns: COLUMNS.filter((c) => c.kind === "setting" || METRICS.indexOf(c) < SHOWN_METRICS)
    .map((c) => c.place)
    .join("."),
  brush: "",
  theme: "",
  input: 0,
  livehead: 0,
  scale: "",
  T: "",
};
const state = { ...DEFAULTS };
const listeners = [];

const columnNamed = (name) => COLUMNS.find((column) => column.name === name);
const shownColumns = () => state.columns.split(".").filter(Boolean).map((place) => COLUMNS[place]).filter(Boolean);

/** Changes the view: what follows is drawn again, and the link is brought up to date. */
function choose(changes) {
  Object.assign(state, changes);
  keepLink();
  const changed = new Set(Object.keys(changes));
  for (const listener of listeners) listener(changed);
}

/** `draw` now, and again whenever one of those parts of the state changes. */
function follow(names, draw) {
  listeners.push((changed) => {
    if (names.some((name) => changed.has(name))) draw(changed);
  });
}

function asLink() {
  const kept = Object.keys(DEFAULTS).filter((name) => String(state[name]) !== String(DEFAULTS[name]));
  return new URLSearchParams(kept.map((name) => [name, state[name]])).toString();
}

let linking = 0;

/** Writes the link once the state has come to rest: browsers limit how often. */
function keepLink() {
  clearTimeout(linking);
  linking = setTimeout(writeLink, 120);
}

function writeLink() {
  const link = asLink();
  if (link === location.hash.slice(1)) return;
  history.replaceState(null, "", link ? `#${link}` : location.pathname + location.search);
}

/** Reads the link; a value that this page does not have falls back to its default. */
function readLink() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    const value = given.get(name);
    state[name] = value === null ? usual : typeof usual === "number" ? whole(value, usual) : value;
  }
  for (const name of ["metric", "along", "color", "panel"]) {
    if (state[name] && !columnNamed(state[name])) state[name] = DEFAULTS[name];
  }
  for (const name of ["a", "b"]) if (!(state[name] < RUNS)) state[name] = DEFAULTS[name];
}

function whole(text, usual) {
  const value = Number(text);
  return Number.isInteger(value) && value >= 0 ? value : usual;
}

/** column.place → [low, high], in the axis's own coordinates. */
function brushes() {
  const found = new Map();
  for (const part of state.brush.split("_").filter(Boolean)) {
    const [place, low, high] = part.split("~").map(Number);
    if (COLUMNS[place] && low <= high) found.set(place, [low, high]);
  }
  return found;
}

const asBrush = (found) =>
  [...found].map(([place, [low, high]]) => [place, ...[low, high].map((v) => Number(v.toPrecision(6)))].join("~")).join("_");

// --- light and dark ----------------------------------------------------------------------------

const darkened = window.matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (state.theme ? state.theme === "dark" : darkened.matches);

function applyTheme() {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
  const button = find("theme");
  button.setAttribute("aria-pressed", String(isDark()));
  button.textContent = isDark() ? "Light" : "Dark";
}

function startTheme() {
  follow(["theme"], applyTheme);
  darkened.addEventListener("change", () => choose({ theme: state.theme }));
  find("theme").addEventListener("click", () => choose({ theme: isDark() ? "light" : "dark" }));
}
