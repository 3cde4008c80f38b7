// Shared by all parts of the page: the data, numbers as text, elements with text and no HTML.
"use strict";

const panels = []; // each panel of "Explore" adds the function that starts it

const DATA = JSON.parse(document.getElementById("data").textContent);
const COLUMNS = DATA.columns;
const RUNS = DATA.names.length;
const LONGEST = 18; // characters of a token or value that a picture shows

const find = (id) => document.getElementById(id);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const graphemes = typeof Intl.Segmenter === "function" ? new Intl.Segmenter() : null;

/** `text` cut to whole graphemes: no accent or emoji is torn. */
function clip(text, most = LONGEST) {
  const whole = String(text);
  if (whole.length <= most) return whole;
  const head = whole.slice(0, 40 * most);
  const parts = graphemes ? Array.from(graphemes.segment(head), (s) => s.segment) : Array.from(head);
  return parts.length <= most && head.length === whole.length
    ? whole
    : parts.slice(0, most - 1).join("") + "…";
}

/** A number as text: four significant digits, a true minus, a dash where it is undefined. */
function formatNumber(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (typeof value !== "number") return String(value);
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-4 || size >= 1e6)
      ? value.toExponential(digits - 2)
      : String(Number(value.toPrecision(digits)));
  return text.replace("-", "−");
}

/** A difference as text, with its sign. */
const formatChange = (value, digits = 3) => (value > 0 ? "+" : "") + formatNumber(value, digits);

/** An HTML element; children are elements or text, never markup. */
function element(tag, attributes = {}, ...children) {
  return build(document.createElement(tag), attributes, children);
}

/** An SVG element. */
function svgElement(tag, attributes = {}, ...children) {
  return build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Text in a picture: cut, with the whole of it as its tooltip. */
function caption(text, attributes, most = LONGEST) {
  const shown = clip(text, most);
  const made = svgElement("text", attributes, shown);
  if (shown !== String(text)) made.append(svgElement("title", {}, clip(text, 400)));
  return made;
}

/** An SVG picture with a label for screen readers. */
function picture(width, height, label, ...children) {
  const box = { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": clip(label, 300) };
  const made = svgElement("svg", box, ...children);
  made.style.maxWidth = `${width}px`;
  return made;
}

/** The choices of a <select>, as [value, text] pairs. */
function fill(select, choices, chosen) {
  select.replaceChildren(
    ...choices.map(([value, text]) => element("option", { value }, clip(text, 90))),
  );
  select.value = String(chosen);
}

const tip = find("tip");

/** The lines of text that follow the pointer. */
function showTip(event, ...lines) {
  tip.replaceChildren(...lines.map((line) => element("div", { dir: "auto" }, clip(line, 120))));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const left = clamp(event.clientX + 14, 4, window.innerWidth - box.width - 4);
  const below = event.clientY + 18 + box.height < window.innerHeight;
  tip.style.left = `${left}px`;
  tip.style.top = `${below ? event.clientY + 18 : event.clientY - box.height - 12}px`;
}

const hideTip = () => (tip.hidden = true);

/** Announces a text to screen readers. */
const say = (text) => (find("said").textContent = text);

const SETTINGS = COLUMNS.filter((column) => column.kind === "setting");
const METRICS = COLUMNS.filter((column) => column.kind === "metric");
const LEADERS = SETTINGS.filter((column) => column.leads); // one of each that change together
COLUMNS.forEach((column, place) => (column.place = place));

/** A run in a few words: the settings that differ. */
const runLabel = (run) =>
  LEADERS.map((column) => `${column.label} ${formatNumber(column.values[run])}`).join(" · ") ||
  DATA.names[run];
