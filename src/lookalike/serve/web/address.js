// What the page shows is what its address says. This module owns the two directions, and going from one to the next.

export const PARTS = ["image", "text", "colour"];
export const PAGE = 24; // products of a first answer
export const MOST = 192; // products of the longest

const NOTHING = Object.freeze({
  view: "", at: null, text: "", product: "", image: "", part: "", box: null, like: [], dislike: [], weights: {}, where: {},
  least: "", most: "", stock: false, k: PAGE, why: "",
});

// at: of the map, where its middle is, as fractions of the whole map, and how many times nearer than the whole it is.

/** The state that an address tells; whatever it does not tell, or tells wrongly, is as at the start. */
export function read(hash) {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const list = name => (said.get(name) ?? "").split(",").filter(Boolean).map(decodeURIComponent);
  const state = { ...NOTHING, where: {}, weights: {} };
  for (const name of ["view", "text", "product", "image", "part", "why"]) state[name] = said.get(name) ?? "";
  for (const name of ["like", "dislike"]) state[name] = list(name);
  for (const name of ["least", "most"]) state[name] = isFinite(parseFloat(said.get(name))) ? String(parseFloat(said.get(name))) : "";
  state.stock = said.get("stock") === "1";
  state.k = Math.min(MOST, Math.max(1, parseInt(said.get("k"), 10) || PAGE));
  for (const one of (said.get("weights") ?? "").split(",")) {
    const [part, weight] = one.split(":");
    if (PARTS.includes(part) && parseFloat(weight) >= 0) state.weights[part] = parseFloat(weight);
  }
  const at = (said.get("at") ?? "").split(",").map(parseFloat);
  if (state.view === "map" && at.length === 3 && at.every(isFinite) && at[2] > 0) state.at = at;
  const sides = (said.get("box") ?? "").split(",").map(parseFloat);
  if (sides.length === 4 && sides[0] >= 0 && sides[1] >= 0 && sides[0] < sides[2] && sides[1] < sides[3] && sides[2] <= 1 && sides[3] <= 1)
    state.box = sides;
  for (const [name, value] of said)
    if (name.startsWith("is.") && value) (state.where[name.slice(3)] ??= []).push(value);
  return state;
}

/** The address of a state: only what differs from the start. */
export function written(state) {
  const said = new URLSearchParams();
  for (const name of ["view", "product", "image", "text", "part", "least", "most", "why"]) if (state[name]) said.set(name, state[name]);
  for (const name of ["like", "dislike"]) if (state[name].length) said.set(name, state[name].map(encodeURIComponent).join(","));
  if (state.stock) said.set("stock", "1");
  if (state.k !== PAGE) said.set("k", state.k);
  if (state.view === "map" && state.at) said.set("at", state.at.map(number => Number(number.toFixed(5))).join(","));
  if (state.box) said.set("box", state.box.map(side => side.toFixed(4)).join(","));
  const weights = PARTS.filter(part => part in state.weights).map(part => `${part}:${state.weights[part]}`);
  if (weights.length) said.set("weights", weights.join(","));
  for (const [field, values] of Object.entries(state.where)) for (const value of values) said.append(`is.${field}`, value);
  return `#${said}`;
}

const listeners = new Set();
let state = read(location.hash);

export const now = () => state;

/** Be told of each state that the page comes to, with the one before. */
export function follow(listener) {
  listeners.add(listener);
}

/** Go on to a changed state. replace: without a step in the history, as while a slider moves. */
export function go(changes, { replace = false } = {}) {
  const address = written({ ...state, ...changes });
  history[replace ? "replaceState" : "pushState"](null, "", address === "#" ? location.pathname : address);
  arrive();
}

/** A fresh question; what refines an answer (weights, filters) stays, what belonged to the last question goes. */
export function ask(question) {
  const { weights, where, least, most, stock } = state;
  go({ ...NOTHING, weights, where, least, most, stock, ...question });
}

/** The address of a fresh question, for a link. */
export function addressOf(question) {
  const { weights, where, least, most, stock } = state;
  return written({ ...NOTHING, weights, where, least, most, stock, ...question });
}

export const home = () => go({ ...NOTHING, where: {}, weights: {} });

export function arrive() {
  const before = state;
  state = read(location.hash);
  for (const listener of listeners) listener(state, before);
}

addEventListener("popstate", arrive);

/** Filters in the grammar of the command line: `["colour=red", "price<=50"]`. */
export function terms({ where, least, most, stock }, { except = "" } = {}) {
  const chosen = Object.entries(where).filter(([field, values]) => field !== except && values.length);
  return [
    ...chosen.map(([field, values]) => `${field}=${values.join(",")}`),
    ...(least ? [`price>=${least}`] : []),
    ...(most ? [`price<=${most}`] : []),
    ...(stock ? ["in_stock"] : []),
  ];
}

/** The same filters as plain values, in which a comma is only a comma. */
export function filter({ where, least, most, stock }) {
  const wish = Object.fromEntries(Object.entries(where).filter(([, values]) => values.length));
  if (least || most) wish.price = { ...(least && { ge: Number(least) }), ...(most && { le: Number(most) }) };
  if (stock) wish.in_stock = true;
  return wish;
}

export const isAsking = ({ text, product, image, like }) => Boolean(text || product || image || like.length);
