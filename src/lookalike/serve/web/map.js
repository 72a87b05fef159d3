// The map of the shop: what looks alike lies side by side. Far out it shows one product a patch, near by all of them.

import * as api from "./api.js";
import { ask, go, now } from "./address.js";
import { price, titleOf } from "./cards.js";
import { fill, find, iconButton, make, settled } from "./elements.js";

const MOST = 5000; // products on the map
const PATCH = 40; // pixels of the screen that one picture takes, at least; the most is twice as many
const GAP = 6; // pixels between pictures
const MARGIN = 40; // pixels around the whole map
const SPREAD = 0.6; // by how much crowds are spread out, between what the map says (0) and an even crowd (1)
const NEAREST = 60, FARTHEST = 0.5; // times the whole map
const ATONCE = 8; // pictures fetched at a time
const KEPT = 900; // pictures kept

let points = null, canvas = null, pen = null, card = null;
let scale = 1, left = 0, up = 0, wide = 0, high = 0; // pixels of the map's height, and where its corner is
let aspect = 1; // the map's width by its height, as the screen has it
let hovered = null, waiting = false;
let told = ""; // what the address says of where the map is
const images = new Map(); // id -> ImageBitmap, or null while it is on its way or where there is none
let queue = [], running = 0;

export async function show(say) {
  const view = find("#map-view");
  if (!canvas) build(view);
  if (!points) {
    card.textContent = "Drawing the map…";
    points = await drawn(say);
    if (!points) return;
    normalise();
    card.textContent = points.length ? "" : "There is nothing to map.";
  }
  size();
  if (String(now().at) !== told) settle();
}

/** Put the map where the address says. */
function settle() {
  const { at } = now();
  told = String(at);
  if (!at) return whole();
  scale = fitting() * Math.min(NEAREST, Math.max(FARTHEST, at[2]));
  left = wide / 2 - at[0] * aspect * scale;
  up = high / 2 - at[1] * scale;
  draw();
}

/** Say in the address where the map is, once it rests. */
const rest = settled(() => {
  if (now().view !== "map" || !points) return;
  const at = [(wide / 2 - left) / (aspect * scale), (high / 2 - up) / scale, scale / fitting()].map(number => Number(number.toFixed(5)));
  told = String(at);
  go({ at }, { replace: true });
}, 250);

/** The points of the map; a server that is still drawing it says so, and is asked again while somebody waits. */
async function drawn(say) {
  try {
    for (;;) {
      const { points: found, again } = await api.map(MOST);
      if (found) return found;
      await api.soon(1, again);
      if (find("#map-view").hidden) return null;
    }
  } catch (error) {
    card.textContent = "";
    say(error.message);
    return null;
  }
}

/** Forget what was drawn, for another key or other products. */
export function forget() {
  points = null;
  told = "";
  images.clear();
}

function build(view) {
  canvas = make("canvas", { tabindex: "0", role: "application", class: "map",
    "aria-label": "Map of the shop: arrow keys move it, plus and minus zoom, Enter opens the product in the middle" });
  pen = canvas.getContext("2d");
  card = make("div", { class: "map-card", role: "status" });
  view.append(canvas, card, make("div", { class: "map-tools" },
    iconButton("plus", "Nearer", () => zoom(1.6, wide / 2, high / 2)),
    iconButton("minus", "Farther", () => zoom(1 / 1.6, wide / 2, high / 2)),
    iconButton("whole", "The whole map", () => { whole(); rest(); })));
  new ResizeObserver(size).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  listen();
}

/** Places on the map as fractions: a mean of where the server has them and of their order, so that crowds spread out. */
function normalise() {
  for (const [from, to] of [["x", "across"], ["y", "down"]]) {
    const order = [...points].sort((a, b) => a[from] - b[from]), least = order[0]?.[from] ?? 0;
    const span = (order.at(-1)?.[from] ?? 0) - least || 1;
    order.forEach((point, at) => { point[to] = (1 - SPREAD) * ((point[from] - least) / span) + SPREAD * (at / Math.max(1, order.length - 1)); });
  }
}

function size() {
  const ratio = devicePixelRatio || 1, box = canvas.getBoundingClientRect();
  if (!box.width) return;
  if (wide === box.width && high === box.height) return draw();
  wide = box.width;
  high = box.height;
  canvas.width = wide * ratio;
  canvas.height = high * ratio;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  aspect = Math.max(1, wide - 2 * MARGIN - PATCH) / fitting();
  settle();
}

/** Pixels of the map's height when all of it is seen. */
const fitting = () => Math.max(1, high - 2 * MARGIN - PATCH);

function whole() {
  scale = fitting();
  left = (wide - aspect * scale - PATCH) / 2;
  up = (high - scale - PATCH) / 2;
  draw();
}

function zoom(by, x, y) {
  const next = fitting() * Math.min(NEAREST, Math.max(FARTHEST, (scale * by) / fitting()));
  left = x - ((x - left) * next) / scale;
  up = y - ((y - up) * next) / scale;
  scale = next;
  draw();
  rest();
}

function draw() {
  if (waiting || !points || !wide) return;
  waiting = true;
  requestAnimationFrame(paint);
}

/** The products that are drawn as pictures, one for each patch of the screen, and the others as dots. */
let tiles = [];

function paint() {
  waiting = false;
  const style = getComputedStyle(canvas);
  pen.clearRect(0, 0, wide, high);
  // Patches belong to the map and halve as it comes nearer, so that moving it does not shuffle who is shown.
  const patches = 2 ** Math.floor(Math.log2(scale / PATCH)), patch = scale / patches;
  const taken = new Set(), dots = [];
  tiles = [];
  for (const point of points) {
    const column = Math.floor(point.across * aspect * patches), row = Math.floor(point.down * patches), cell = column + row * 65536;
    const x = left + column * patch, y = up + row * patch;
    if (x < -patch || y < -patch || x > wide || y > high) continue;
    if (taken.has(cell)) dots.push([left + point.across * aspect * scale, up + point.down * scale]);
    else {
      taken.add(cell);
      tiles.push({ point, x: x + GAP / 2, y: y + GAP / 2, side: patch - GAP });
    }
  }
  pen.fillStyle = style.getPropertyValue("--faint");
  pen.globalAlpha = 0.35;
  for (const [x, y] of dots) pen.fillRect(x - 1, y - 1, 2, 2);
  pen.globalAlpha = 1;
  queue = [];
  for (const one of tiles) if (one.point !== hovered) drawTile(one, style);
  const raised = tiles.find(one => one.point === hovered);
  if (raised) drawTile({ ...raised, x: raised.x - GAP, y: raised.y - GAP, side: raised.side + 2 * GAP }, style, true);
  fetchNext();
}

function drawTile({ point, x, y, side }, style, raised = false) {
  pen.beginPath();
  pen.roundRect(x, y, side, side, 6);
  pen.fillStyle = style.getPropertyValue("--tile");
  pen.fill();
  const image = images.get(point.id);
  if (image) {
    const fit = Math.min((side - 6) / image.width, (side - 6) / image.height), w = image.width * fit, h = image.height * fit;
    pen.globalCompositeOperation = "multiply"; // a white ground becomes the tile's
    pen.drawImage(image, x + (side - w) / 2, y + (side - h) / 2, w, h);
    pen.globalCompositeOperation = "source-over";
  } else if (image === undefined && point.thumbnail) queue.push(point);
  pen.lineWidth = raised ? 2 : 1;
  pen.strokeStyle = style.getPropertyValue(raised ? "--accent" : "--line");
  pen.stroke();
}

function fetchNext() {
  while (running < ATONCE && queue.length) {
    const point = queue.shift();
    if (images.has(point.id)) continue;
    if (images.size > KEPT) images.delete(images.keys().next().value);
    images.set(point.id, null);
    running += 1;
    api.pictureBytes(point.thumbnail, 128).then(createImageBitmap).then(
      bitmap => images.set(point.id, bitmap), () => {}, // a product without a picture stays a tile
    ).finally(() => {
      running -= 1;
      draw();
    });
  }
}

function under(x, y) {
  return tiles.findLast(one => x >= one.x && x <= one.x + one.side && y >= one.y && y <= one.y + one.side)?.point ?? null;
}

function hover(point) {
  if (hovered === point) return;
  hovered = point;
  canvas.classList.toggle("over", Boolean(point));
  if (point) fill(card, make("b", {}, titleOf(point)), make("small", {}, [point.id, price(point)].filter(Boolean).join(" · ")));
  else fill(card);
  draw();
}

function listen() {
  const fingers = new Map();
  let moved = 0;
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return { far: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };
  const where = event => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  canvas.addEventListener("pointerdown", event => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, where(event));
    moved = 0;
  });
  canvas.addEventListener("pointermove", event => {
    const to = where(event), from = fingers.get(event.pointerId);
    if (!from) return hover(under(to.x, to.y));
    moved += Math.hypot(to.x - from.x, to.y - from.y);
    if (fingers.size === 1) {
      left += to.x - from.x;
      up += to.y - from.y;
      fingers.set(event.pointerId, to);
      draw();
      rest();
    } else if (fingers.size === 2) {
      const before = spread();
      fingers.set(event.pointerId, to);
      const after = spread();
      left += after.x - before.x;
      up += after.y - before.y;
      zoom(after.far / (before.far || 1), after.x, after.y);
    }
  });
  const lift = event => {
    const at = where(event), was = fingers.delete(event.pointerId);
    const point = was && event.type === "pointerup" && moved < 6 ? under(at.x, at.y) : null;
    if (point) ask({ product: point.id });
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  canvas.addEventListener("pointerleave", () => hover(null));
  canvas.addEventListener("wheel", event => {
    event.preventDefault();
    const { x, y } = where(event);
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), x, y);
  }, { passive: false });
  canvas.addEventListener("keydown", event => {
    const step = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (step) {
      left += step[0] * wide * 0.1;
      up += step[1] * high * 0.1;
      draw();
      rest();
    } else if (event.key === "+" || event.key === "=") zoom(1.4, wide / 2, high / 2);
    else if (event.key === "-") zoom(1 / 1.4, wide / 2, high / 2);
    else if (event.key === "0") { whole(); rest(); }
    else if (event.key === "Enter" && middle()) return ask({ product: middle().id });
    else return;
    event.preventDefault();
    hover(middle());
  });
}

/** The product whose picture is nearest the middle of the screen. */
function middle() {
  let best = null, least = Infinity;
  for (const { point, x, y, side } of tiles) {
    const far = Math.hypot(x + side / 2 - wide / 2, y + side / 2 - high / 2);
    if (far < least) [best, least] = [point, far];
  }
  return best;
}
