// Colors: viridis for amounts, blue-white-orange about zero for differences, and those of Okabe and
// Ito for categories. All of them can be told apart by color-blind readers.

const VIRIDIS = ANCHORS(
  "440154 470d60 48186a 482374 472d7b 453781 424086 3e4989 3b528b 375b8d 33638d 2f6b8e 2c728e 297a8e 26828e 23898e " +
  "21918c 1f988b 1fa088 22a785 28ae80 32b67a 3fbc73 4ec36b 5ec962 70cf57 84d44b 98d83e addc30 c2df23 d8e219 ece51b fde725",
);
const DIVERGING = ANCHORS("0a4c82 2f78b3 75add2 bcd8ea f5f5f3 fbd0a4 f19d55 d0650f 8f3d03");
const CATEGORIES = {
  light: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f3c8d", "#7f7f7f"],
  dark: ["#56b4e9", "#ff9c57", "#2ec79a", "#e3a1c6", "#f0c244", "#3f8fd0", "#b58ad6", "#a5a5a5"],
};

function ANCHORS(text) {
  return text.split(" ").map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
}

/** The color at 0 ≤ t ≤ 1 along the anchors, as [red, green, blue]. */
function along(anchors, t) {
  const place = clamp(t, 0, 1) * (anchors.length - 1);
  const below = Math.min(Math.floor(place), anchors.length - 2);
  const rest = place - below;
  return anchors[below].map((part, i) => Math.round(part + rest * (anchors[below + 1][i] - part)));
}

const css = ([red, green, blue]) => `rgb(${red},${green},${blue})`;

/** Whether dark or light letters are easier to read on a color. */
function readable(color) {
  const [red, green, blue] = color.map((part) => {
    const share = part / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "dark" : "light";
}

/** A line's color for t: without the end of viridis that is close to the background. */
const lineColor = (t) => css(along(VIRIDIS, isDark() ? 0.22 + 0.78 * t : 0.88 * t));

const WEIGHT = { name: "weight", anchors: VIRIDIS, at: (value, most) => value / most };
const CHANGE = { name: "change", anchors: DIVERGING, at: (value, most) => 0.5 + value / most / 2 };
