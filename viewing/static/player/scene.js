/* A picture for a title, drawn from its name: the same name, the same picture. It takes the place of poster and film. */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 160;
const HEIGHT = 90;

// Who travels through the film, and at which height: drawn around 0, 0.
const TRAVELLERS = [
  // a balloon
  {
    height: 38,
    parts: [
      ["path", { d: "M0-16a12 12 0 0 1 12 12c0 7-7 11-9 15h-6c-2-4-9-8-9-15a12 12 0 0 1 12-12z", fill: "#ff7a59" }],
      ["path", { d: "M0-16c5 0 6 6 6 12S2 11 2 11h-4s-4-9-4-15 1-12 6-12z", fill: "#ffd166" }],
      ["rect", { x: -3.5, y: 13, width: 7, height: 5, rx: 1.5, fill: "#8d5b3e" }],
    ],
  },
  // a rocket
  {
    height: 36,
    parts: [
      ["path", { d: "M-14-5l-7 5 7 5z", fill: "#ffb347" }],
      ["path", { d: "M-14-7h18c8 0 14 7 14 7s-6 7-14 7h-18z", fill: "#f7f7fb" }],
      ["path", { d: "M-14-7l-4-6h9l5 6zM-14 7l-4 6h9l5-6z", fill: "#ef476f" }],
      ["circle", { cx: 5, cy: 0, r: 3.4, fill: "#3a86c8" }],
    ],
  },
  // a boat
  {
    height: 60,
    parts: [
      ["path", { d: "M-16 6h32l-6 9h-20z", fill: "#c8553d" }],
      ["path", { d: "M-1 4v-22l14 20z", fill: "#fffaf0" }],
      ["path", { d: "M-3 4v-16l-9 14z", fill: "#ffd166" }],
      ["rect", { x: -2.4, y: -18, width: 1.6, height: 24, fill: "#6b4a35" }],
    ],
  },
  // a fish
  {
    height: 44,
    parts: [
      ["path", { d: "M-10 0l-10-8v16z", fill: "#ff9f1c" }],
      ["ellipse", { cx: 1, cy: 0, rx: 14, ry: 9, fill: "#ff7a59" }],
      ["path", { d: "M0-8c4 5 4 11 0 16", stroke: "#ffe8d6", "stroke-width": 2.4, fill: "none" }],
      ["circle", { cx: 8, cy: -2, r: 2.2, fill: "#fff" }],
      ["circle", { cx: 8.6, cy: -2, r: 1.1, fill: "#222" }],
    ],
  },
  // a bird
  {
    height: 36,
    parts: [
      ["ellipse", { cx: 0, cy: 0, rx: 11, ry: 8, fill: "#3fa7d6" }],
      ["path", { d: "M-2-2c-8-12-14-10-14-10s2 12 10 14z", fill: "#59cd90" }],
      ["circle", { cx: 9, cy: -5, r: 5.4, fill: "#3fa7d6" }],
      ["path", { d: "M14-5l6 1.6-6 1.6z", fill: "#fac05e" }],
      ["circle", { cx: 10.6, cy: -6, r: 1.1, fill: "#222" }],
    ],
  },
  // a little train
  {
    height: 62,
    parts: [
      ["rect", { x: -16, y: -4, width: 20, height: 13, rx: 2, fill: "#d62839" }],
      ["rect", { x: 0, y: -12, width: 12, height: 21, rx: 2, fill: "#ba324f" }],
      ["rect", { x: 2.5, y: -9, width: 7, height: 7, rx: 1, fill: "#cfe8ff" }],
      ["rect", { x: -13, y: -11, width: 5, height: 8, fill: "#4a4e69" }],
      ["circle", { cx: -10, cy: 11, r: 4, fill: "#22223b" }],
      ["circle", { cx: 0, cy: 11, r: 4, fill: "#22223b" }],
      ["circle", { cx: 9, cy: 11, r: 4, fill: "#22223b" }],
    ],
  },
];

// The sky's colours from high to low, by day and by night; the hues of the land.
const DAYS = [
  ["204 78% 66%", "196 80% 90%"],
  ["214 80% 72%", "340 70% 90%"],
  ["190 62% 62%", "50 84% 88%"],
  ["18 86% 72%", "44 92% 84%"],
  ["262 58% 74%", "330 76% 90%"],
];
const NIGHTS = [
  ["232 46% 16%", "248 44% 38%"],
  ["256 44% 18%", "300 36% 42%"],
  ["208 52% 16%", "190 42% 36%"],
];
const LANDS = [96, 128, 158, 186, 28, 270];

let drawn = 0;

function shape(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Numbers from 0 to 1 that depend on the text alone (FNV-1a, then xorshift). */
function dice(text) {
  let seed = 2166136261;
  for (const letter of text) seed = Math.imul(seed ^ letter.codePointAt(0), 16777619);
  return () => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) / 2 ** 32;
  };
}

function pick(roll, choices) {
  return choices[Math.floor(roll() * choices.length)];
}

/** Hills whose left and right ends meet, twice over, so that they can pass by for ever. */
function hills(roll, { base, height, fill, speed }) {
  const waves = 1 + Math.floor(roll() * 3);
  const shift = roll() * Math.PI * 2;
  const points = [];
  for (let x = 0; x <= 2 * WIDTH; x += 8) {
    const angle = (x / WIDTH) * Math.PI * 2;
    const y = base - height * (0.6 * Math.sin(waves * angle + shift) + 0.4 * Math.sin((waves + 1) * angle));
    points.push(`${x} ${y.toFixed(1)}`);
  }
  const path = shape("path", { d: `M0 ${HEIGHT}L${points.join("L")}L${2 * WIDTH} ${HEIGHT}z`, fill });
  return shape("g", { class: `drift drift-${speed}` }, path);
}

function sky([high, low]) {
  drawn += 1;
  const id = `sky-${drawn}`;
  const stops = [
    shape("stop", { offset: 0, "stop-color": `hsl(${high})` }),
    shape("stop", { offset: 1, "stop-color": `hsl(${low})` }),
  ];
  const gradient = shape("linearGradient", { id, x1: 0, y1: 0, x2: 0, y2: 1 }, ...stops);
  return [shape("defs", {}, gradient), shape("rect", { width: WIDTH, height: HEIGHT, fill: `url(#${id})` })];
}

function lights(roll, isNight) {
  if (!isNight) return [shape("circle", { cx: 24 + roll() * 110, cy: 22, r: 10, fill: "#fff3b0" })];
  const star = () => shape("circle", { cx: roll() * WIDTH, cy: roll() * 46, r: 0.4 + roll() * 0.8, fill: "#fff" });
  const moon = shape("circle", { cx: 24 + roll() * 110, cy: 20, r: 8, fill: "#f6f1d5" });
  return [moon, ...Array.from({ length: 18 }, star)];
}

/** The picture. The text next to it names the title, so a screen reader need not know of it. */
export function draw(name) {
  const roll = dice(name);
  roll();
  const isNight = roll() < 0.3;
  const light = isNight ? [30, 22, 14] : [66, 54, 42];
  const hue = pick(roll, LANDS);
  const land = light.map((value, n) => `hsl(${hue + 14 * n} ${isNight ? 30 : 42}% ${value}%)`);
  const { height, parts } = pick(roll, TRAVELLERS);
  const traveller = shape("g", { class: "traveller" }, ...parts.map((part) => shape(...part)));
  return shape(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true", class: "scene" },
    ...sky(pick(roll, isNight ? NIGHTS : DAYS)),
    ...lights(roll, isNight),
    hills(roll, { base: 62, height: 9, fill: land[0], speed: "slow" }),
    hills(roll, { base: 72, height: 7, fill: land[1], speed: "middle" }),
    shape("g", { transform: `translate(${50 + roll() * 50} ${height})` }, traveller),
    hills(roll, { base: 84, height: 5, fill: land[2], speed: "fast" }),
  );
}
