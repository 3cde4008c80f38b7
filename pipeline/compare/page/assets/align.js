// Which token of one sentence is which of another: pipeline/compare/pair/align.py, step for step.

/**
 * Equal tokens as pairs: the longest stretches in common first, then what is left, in order.
 * `before` and `after` hold the positions of the pairs; `onlyBefore` and `onlyAfter` the others.
 */
function align(before, after) {
  const pairs = stretches(before, after, [0, before.length], [0, after.length]);
  const [paired, taken] = [0, 1].map((side) => new Set(pairs.map((pair) => pair[side])));
  const free = new Map(after.map((token) => [token, []]));
  after.forEach((token, j) => taken.has(j) || free.get(token).push(j));
  before.forEach((token, i) => {
    if (!paired.has(i) && free.get(token)?.length) pairs.push([i, free.get(token).shift()]);
  });
  pairs.sort(([i], [k]) => i - k);
  const [left, right] = [0, 1].map((side) => pairs.map((pair) => pair[side]));
  return { before: left, after: right, onlyBefore: others(before, left), onlyAfter: others(after, right) };
}

/** The positions of a sentence that are not among these. */
function others(sentence, places) {
  const known = new Set(places);
  return [...sentence.keys()].filter((place) => !known.has(place));
}

/** The longest stretch within the bounds, and then those to its left and to its right. */
function stretches(before, after, [i0, i1], [j0, j1]) {
  const [i, j, size] = longest(before, after, [i0, i1], [j0, j1]);
  if (!size) return [];
  return [
    ...stretches(before, after, [i0, i], [j0, j]),
    ...Array.from({ length: size }, (_, k) => [i + k, j + k]),
    ...stretches(before, after, [i + size, i1], [j + size, j1]),
  ];
}

/** Where the longest stretch starts in both, and how long it is; of several the first of the first. */
function longest(before, after, [i0, i1], [j0, j1]) {
  let found = [i0, j0, 0];
  let above = new Map(); // j → the length of the stretch that ends at the token before and at j
  for (let i = i0; i < i1; i++) {
    const here = new Map();
    for (let j = j0; j < j1; j++) {
      if (before[i] !== after[j]) continue;
      const size = (above.get(j - 1) ?? 0) + 1;
      here.set(j, size);
      if (size > found[2]) found = [i - size + 1, j - size + 1, size];
    }
    above = here;
  }
  return found;
}
