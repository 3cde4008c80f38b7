// The difference of two runs: the weights of shared tokens subtracted, and a list of the tokens
// that only one run has.

const NAMED = 12; // tokens without a partner that are named of each run
const LISTED = 4096; // numbers in the table

/** The shared queries and keys, and each run's weights for them, row by row. */
function paired(a, b) {
  const [rows, columns] = [align(a.queries, b.queries), align(a.keys, b.keys)];
  const picked = (one, queries, keys) => {
    const values = matrixOf(one);
    return queries.flatMap((i) => keys.map((j) => values[i * one.keys.length + j]));
  };
  return {
    rows,
    columns,
    queries: rows.before.map((i) => a.queries[i]),
    keys: columns.before.map((j) => a.keys[j]),
    before: picked(a, rows.before, columns.before),
    after: picked(b, rows.after, columns.after),
  };
}

function drawDifference(a, b, pair) {
  find("name-d").textContent = "";
  find("bar-d").replaceChildren();
  find("alone").replaceChildren();
  if (!pair) return find("heat-d").replaceChildren(quiet("No difference: only one of the two runs has weights here."));
  if (!pair.before.length) return find("heat-d").replaceChildren(quiet("No difference: the two sentences have no token in common."));
  const change = pair.after.map((value, place) => value - pair.before[place]);
  const most = Math.max(...change.map(Math.abs), 1e-12);
  const alone = unpairedLines(a, b, pair);
  find("name-d").textContent = most > 1e-9 ? movedMost(pair, change, most) : `the ${alone.length ? "tokens that both have" : "two runs"} have the same weights`;
  heatmap(find("heat-d"), { ...pair, name: `Weights of B minus those of A${alone.length ? ", of the tokens that both have" : ""}`, scale: CHANGE, most })(change);
  colorBar(find("bar-d"), CHANGE, most, "change of weight");
  find("alone").replaceChildren(...alone);
}

const quiet = (text) => element("p", { class: "quiet" }, text);

function movedMost({ queries, keys }, change, most) {
  const place = change.findIndex((value) => Math.abs(value) === most);
  const [query, key] = [queries[Math.floor(place / keys.length)], keys[place % keys.length]];
  return `moved most: ${clip(query, 20)} → ${clip(key, 20)}, ${formatChange(change[place])}`;
}

/** The unpaired tokens, one line per run and axis; one that is query and key is listed once. */
function unpairedLines(a, b, { rows, columns }) {
  const isOne = [a, b].every((one) => JSON.stringify(one.queries) === JSON.stringify(one.keys));
  const axes = isOne ? [["Only", "queries", rows]] : [["Queries only", "queries", rows], ["Keys only", "keys", columns]];
  const lines = axes.flatMap(([words, axis, found]) => [
    ...unpairedLine(words, "a", a[axis], found.onlyBefore),
    ...unpairedLine(words, "b", b[axis], found.onlyAfter),
  ]);
  const rule = "Subtracted where both have the token; the weights of the others are not shared out.";
  return lines.length ? [element("p", {}, rule), ...lines] : [];
}

function unpairedLine(words, slot, tokens, places) {
  if (!places.length) return [];
  const named = places.slice(0, NAMED).flatMap((place) => [element("bdi", { class: "token" }, tokenText(tokens, place)), " "]);
  const more = places.length > NAMED ? [`and ${places.length - NAMED} more`] : [];
  return [element("p", {}, `${words} in `, element("b", { class: `ink-${slot}` }, slot.toUpperCase()), ": ", ...named, ...more)];
}

/** A token, numbered where the sentence has it more than once. */
function tokenText(tokens, place) {
  const same = [...tokens.keys()].filter((other) => tokens[other] === tokens[place]);
  return clip(tokens[place], 40) + (same.length > 1 ? ` (${same.indexOf(place) + 1} of ${same.length})` : "");
}

/** The same numbers as a table to read or copy, with those of unpaired tokens. */
function drawNumbers(a, b, pair) {
  const host = find("numbers");
  if (!a) return host.replaceChildren();
  const lists = numbersOf(a, b, pair);
  if (lists.length > LISTED) return host.replaceChildren(quiet(`More than ${LISTED.toLocaleString("en")} numbers: weights.csv of each run has them.`));
  const rows = lists.map((texts) =>
    element("tr", {}, ...texts.map((text, i) => element("td", i > 1 ? { class: "number" } : { dir: "auto" }, text))));
  const names = ["query", "key", "A", ...(pair ? ["B", "B − A"] : [])];
  const head = element("tr", {}, ...names.map((name, i) => element("th", { scope: "col", class: i > 1 ? "number" : null }, name)));
  host.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

/** Query, key and weights: all of A in its order, then what only B has. */
function numbersOf(a, b, pair) {
  const tokensAt = (one, place) => [one.queries[Math.floor(place / one.keys.length)], one.keys[place % one.keys.length]];
  const values = matrixOf(a);
  if (!pair) return values.map((value, place) => [...tokensAt(a, place), formatNumber(value, 6)]);
  const others = matrixOf(b);
  const places = pair.rows.before.flatMap((i, n) => pair.columns.before.map((j, m) => [i * a.keys.length + j, pair.rows.after[n] * b.keys.length + pair.columns.after[m]]));
  const partner = new Map(places);
  const known = new Set(partner.values());
  const theirs = [...others.keys()].filter((place) => !known.has(place));
  return [
    ...values.map((value, place) => {
      const other = others[partner.get(place)];
      return [...tokensAt(a, place), formatNumber(value, 6), formatNumber(other, 6), other === undefined ? formatNumber() : formatChange(other - value, 4)];
    }),
    ...theirs.map((place) => [...tokensAt(b, place), formatNumber(), formatNumber(others[place], 6), formatNumber()]),
  ];
}
