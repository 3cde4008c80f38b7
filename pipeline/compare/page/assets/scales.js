// A column's values as positions on an axis: linear, logarithmic for wide ranges, or categories.

const WIDE = 8; // ratio of the largest to the smallest value from which an axis is logarithmic

/** Column → {to: value → 0..1, from: 0..1 → coordinate, at: value → coordinate, ticks}. */
function axisOf(column) {
  const known = column.values.filter((value) => value !== null);
  const distinct = [...new Set(known)];
  if (!column.numeric) return choiceAxis(column.choices);
  let low = Infinity;
  let high = -Infinity;
  for (const value of known) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!known.length) [low, high] = [0, 1];
  const log = low > 0 && high / low >= WIDE && column.kind === "setting";
  const bend = log ? Math.log10 : (value) => value;
  const room = low === high ? Math.max(Math.abs(low), 1) / 2 : 0;
  const [start, end] = [bend(low) - (log ? 0 : room), bend(high) + (log && room ? 1 : room)];
  const to = (value) => (bend(value) - start) / (end - start);
  const few = column.kind === "setting" && distinct.length <= 8;
  const ticks = few ? distinct.sort((a, b) => a - b) : log ? decades(low, high) : round(low, high);
  return {
    to,
    at: (value) => value,
    from: (share) => (log ? 10 ** (start + share * (end - start)) : start + share * (end - start)),
    ticks: ticks.map((value) => [value, formatNumber(value, 3)]),
    log,
  };
}

function choiceAxis(values) {
  const places = new Map(values.map((value, place) => [value, place]));
  const most = Math.max(values.length - 1, 1);
  const to = (place) => (values.length === 1 ? 0.5 : place / most);
  return {
    to: (value) => to(places.get(value)),
    at: (value) => places.get(value),
    from: (share) => share * most,
    ticks: values.map((value) => [value, formatNumber(value)]),
    log: false,
  };
}

/** About five round numbers between two. */
function round(low, high) {
  if (low === high) return [low];
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function decades(low, high) {
  const powers = [];
  for (let power = Math.ceil(Math.log10(low) - 1e-9); 10 ** power <= high * (1 + 1e-9); power++) powers.push(10 ** power);
  return powers.length > 1 ? powers : [low, high];
}

/** Every k-th of the runs, so that at most `most` are drawn. */
function sampled(most) {
  const step = Math.ceil(RUNS / most);
  return Array.from({ length: Math.ceil(RUNS / step) }, (_, i) => i * step);
}
