// The photograph of a question: its garments marked, and a box that is drawn, moved and resized, by hand or by keys.

import { make } from "./elements.js";

const LEAST = 0.04; // of the picture's side: no box is smaller
const STEP = 0.02; // of the picture's side that an arrow key moves
const APART = 28; // pixels between the middles of two numbers, which are 24 wide
const IN_BOX = [0.15, 0.3, 0.4].flatMap(far => [[0, -far], [0, far], [-far, 0], [far, 0], [-far, -far], [far, -far], [-far, far], [far, far]]); // from its middle, in parts of it

/**
 * A photograph and its boxes.
 * garments: [{box, label}]. selected: "1", "2"... the garment, "box" with `box`, or "whole".
 * onselect(number): a garment was chosen. onbox(box): a box was drawn or changed.
 */
export function photo(address, { garments, selected, box, onselect, onbox }) {
  const image = make("img", { src: address, alt: "The picture that is asked about", draggable: "false" });
  const stage = make("div", { class: "stage" }, image);
  const caption = make("figcaption", { class: "faint" }, "Draw a box on the picture to look for that part.");
  const frame = make("figure", { class: "photo" }, stage, caption);
  image.addEventListener("error", () => {
    frame.classList.add("unseen");
    caption.textContent = "This picture cannot be shown here.";
  });

  const chosen = garments[Number(selected) - 1];
  const marks = garments.flatMap((garment, at) => {
    if (garment === chosen) return [];
    const mark = make("button", { type: "button", class: "mark", "aria-label": `${garment.label}, garment ${at + 1}`, title: garment.label, onclick: () => onselect(at + 1) },
      make("span", { class: "dot" }, String(at + 1)));
    place(mark, garment.box);
    stage.append(mark);
    return [{ dot: mark.firstChild, box: garment.box }];
  });
  new ResizeObserver(() => spread(marks, stage.clientWidth, stage.clientHeight)).observe(stage);
  const current = selected === "box" ? box : chosen?.box;
  let held = current ? movable(stage, current, chosen?.label ?? "Your box", onbox) : null;

  stage.addEventListener("pointerdown", event => {
    if (event.button !== 0 || event.target !== image) return;
    event.preventDefault();
    const start = at(stage, event);
    let drawn = null;
    follow(stage, event, moved => {
      const end = at(stage, moved);
      const wanted = [Math.min(start[0], end[0]), Math.min(start[1], end[1]), Math.max(start[0], end[0]), Math.max(start[1], end[1])];
      if (!drawn && Math.hypot(end[0] - start[0], end[1] - start[1]) < LEAST) return;
      if (!drawn) {
        held?.remove();
        held = drawn = movable(stage, wanted, "Your box", onbox);
      }
      drawn.move(wanted);
    }, () => { if (drawn) onbox(atLeast(drawn.box())); });
  });
  return frame;
}

/** A box that can be moved and resized. `remove()`, `move(box)`, `box()`. */
function movable(stage, start, label, onbox) {
  let box = [...start];
  const element = make("div", { class: "box", tabindex: "0", role: "group", "aria-roledescription": "movable box",
    "aria-label": `${label}: arrow keys move the box, with Shift they resize it, Enter looks for it` },
    ["nw", "n", "ne", "e", "se", "s", "sw", "w"].map(side => make("span", { class: `handle ${side}`, "data-side": side })));
  const move = wanted => {
    box = wanted;
    place(element, box);
  };
  move(box);
  stage.append(element);

  element.addEventListener("pointerdown", event => {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    element.focus();
    const from = at(stage, event), before = [...box], side = event.target.dataset?.side ?? "";
    follow(element, event, moved => {
      const to = at(stage, moved);
      move(dragged(before, side, to[0] - from[0], to[1] - from[1]));
    }, () => { if (String(box) !== String(before)) onbox(box); });
  });
  const keys = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
  element.addEventListener("keydown", event => {
    if (event.key === "Enter") return onbox(box);
    const step = keys[event.key];
    if (!step) return;
    event.preventDefault();
    move(dragged(box, event.shiftKey ? "se" : "", ...step));
  });
  return { remove: () => element.remove(), move, box: () => box };
}

/** A box after a drag of one of its sides or corners, or of the whole; it stays on the picture. */
export function dragged([left, top, right, bottom], side, across, down) {
  if (!side) {
    const x = clamp(across, -left, 1 - right), y = clamp(down, -top, 1 - bottom);
    return [left + x, top + y, right + x, bottom + y];
  }
  if (side.includes("w")) left = clamp(left + across, 0, right - LEAST);
  if (side.includes("e")) right = clamp(right + across, left + LEAST, 1);
  if (side.includes("n")) top = clamp(top + down, 0, bottom - LEAST);
  if (side.includes("s")) bottom = clamp(bottom + down, top + LEAST, 1);
  return [left, top, right, bottom];
}

function atLeast([left, top, right, bottom]) {
  left = Math.min(left, 1 - LEAST);
  top = Math.min(top, 1 - LEAST);
  return [left, top, Math.max(right, left + LEAST), Math.max(bottom, top + LEAST)];
}

/** Puts every number where its garment is and no other number lies on it, as near to the middle as that goes. */
function spread(marks, width, height) {
  if (!width || !height) return; // not there yet
  const taken = [];
  for (const { dot, box } of marks) {
    const places = candidates(box, width, height);
    const room = ([x, y]) => Math.min(APART, ...taken.map(other => Math.hypot(x - other[0], y - other[1])));
    const best = places.reduce((one, other) => room(other) > room(one) ? other : one);
    taken.push(best);
    const [left, top, right, bottom] = box;
    dot.style.left = `${100 * (best[0] / width - left) / (right - left)}%`;
    dot.style.top = `${100 * (best[1] / height - top) / (bottom - top)}%`;
  }
}

/** Where a number may be, in pixels of the picture: the middle of its box, then places in it, then beside it. */
function candidates([left, top, right, bottom], width, height) {
  const middle = [width * (left + right) / 2, height * (top + bottom) / 2];
  const within = IN_BOX.map(([x, y]) => [middle[0] + x * width * (right - left), middle[1] + y * height * (bottom - top)]);
  const beside = IN_BOX.map(([x, y]) => [middle[0] + APART * Math.sign(x), middle[1] + APART * Math.sign(y)]);
  return [middle, ...within, ...beside].map(([x, y]) => [clamp(x, APART / 2, width - APART / 2), clamp(y, APART / 2, height - APART / 2)]);
}

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

function place(element, [left, top, right, bottom]) {
  Object.assign(element.style, {
    left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%`,
  });
}

/** Where a pointer is on the picture, as fractions. */
function at(stage, event) {
  const { left, top, width, height } = stage.getBoundingClientRect();
  return [clamp((event.clientX - left) / width, 0, 1), clamp((event.clientY - top) / height, 0, 1)];
}

function follow(element, event, onmove, onend) {
  element.setPointerCapture(event.pointerId);
  const end = () => {
    element.removeEventListener("pointermove", onmove);
    for (const name of ["pointerup", "pointercancel"]) element.removeEventListener(name, end);
    onend();
  };
  element.addEventListener("pointermove", onmove);
  for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, end);
}
