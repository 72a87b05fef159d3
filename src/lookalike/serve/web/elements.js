// The page's one way of making elements. Text is always text: nothing here takes markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element with its attributes and children.
 * facts: attributes; `on...` is a listener; true is an attribute without a value; false and null leave it out.
 */
export function make(tag, facts = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(facts)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

export const find = (selector, within = document) => within.querySelector(selector);

/** Replace what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replace what an element holds, and leave the focus on what is called the same; else put it on `otherwise`. */
export function refill(element, otherwise, ...children) {
  const active = document.activeElement, held = active !== element && element.contains(active);
  const called = one => [one.tagName, one.id, one.getAttribute("aria-label") ?? one.textContent].join();
  const wanted = held ? called(active) : "";
  fill(element, ...children);
  if (!held) return element;
  const same = [...element.querySelectorAll("a, button, input, [tabindex]")].find(one => called(one) === wanted);
  (same ?? otherwise).focus({ preventScroll: true });
  return element;
}

const STROKES = {
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM20 20l-4.8-4.8",
  camera: "M4 8h3.2L9 5.5h6L16.8 8H20v11H4V8Zm8 8.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4Z",
  heart: "M12 19.5s-7.5-4.6-7.5-10A4.2 4.2 0 0 1 12 7a4.2 4.2 0 0 1 7.5 2.5c0 5.4-7.5 10-7.5 10Z",
  less: "M6 6l12 12M18 6L6 18",
  alike: "M4 10c2.7-3 5.3-3 8 0s5.3 3 8 0M4 16c2.7-3 5.3-3 8 0s5.3 3 8 0",
  why: "M9.3 9.2a2.8 2.8 0 1 1 4.3 2.4c-1 .7-1.6 1.2-1.6 2.4M12 17.4v.1M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z",
  tag: "M4 4h7.5L20 12.5 12.5 20 4 11.5V4Zm4 4v.1",
  map: "M9 5 4 7v12l5-2 6 2 5-2V5l-5 2-6-2Zm0 0v12m6-10v12",
  theme: "M12 4a8 8 0 1 0 0 16V4Zm0-1v18a9 9 0 1 0 0-18Z",
  key: "M14.5 13.5a4.5 4.5 0 1 0-4.2-2.9L4 17v3h3l.8-.8V17H10l3-3.6c.5.1 1 .1 1.5.1Zm.9-5v.1",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  whole: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  outward: "M8 16 17 7M9 7h8v8",
  sliders: "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4ZM9 19.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4Z",
  again: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.2M20 4.5v4.7h-4.7",
  pin: "M9 4h6l-1 6 3 3H7l3-3-1-6Zm3 9v7",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  hide: "M4 4l16 16M9.5 5.4A9.6 9.6 0 0 1 12 5c5.5 0 9 7 9 7a16 16 0 0 1-2.6 3.4M6.4 7.3C4.2 9 3 12 3 12s3.5 7 9 7c1.5 0 2.9-.5 4.1-1.2",
};

/** A line drawing that says nothing to a screen reader: what holds it has a name. */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  for (const [fact, value] of Object.entries({ viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }))
    drawing.setAttribute(fact, value);
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", STROKES[name]);
  drawing.append(line);
  return drawing;
}

/** A button of an icon and a name; `words` shows the name too. */
export function iconButton(name, label, onclick, { words = false, ...facts } = {}) {
  return make("button", { type: "button", "aria-label": words ? null : label, title: words ? null : label, onclick, ...facts },
    icon(name), words ? make("span", {}, label) : null);
}

/** Call `act` once the calls have stopped for so long. */
export function settled(act, milliseconds) {
  let waiting;
  return (...given) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => act(...given), milliseconds);
  };
}
