// The page: what its address says is asked of the server and shown.

import * as api from "./api.js";
import { MOST, PAGE, addressOf, arrive, ask, filter, follow, go, home, isAsking, now, terms } from "./address.js";
import * as asking from "./asking.js";
import { matchCard, plainCard, picture, price, reasons, titleOf, waiting } from "./cards.js";
import { fill, find, icon, iconButton, make, refill } from "./elements.js";
import * as map from "./map.js";
import * as merchandising from "./merchandising.js";
import { photo } from "./photo.js";
import { isKept, keep, kept } from "./pictures.js";
import { named, showFacets, showWeights } from "./refining.js";

const BEGIN = 12; // products to begin with,
const AMONG = 200; // chosen from so many, as unlike as their categories
const LOOKED = 24; // matches for each garment
const VIEWS = 6; // of a product that are offered

let request = null; // the question that is being answered
let shown = []; // matches on the page
let looked = { of: "", look: null }; // the photograph that was taken apart last, with its filters and weights
let address = { of: "", url: "" }; // what the browser shows a kept picture by

// -- telling ------------------------------------------------------------------------------------------------------

let quiet;

function say(words, { good = false } = {}) {
  const told = find("#told");
  clearTimeout(quiet);
  told.hidden = !words;
  told.classList.toggle("good", good);
  fill(told, make("span", {}, words), iconButton("less", "Close", () => say(""), { class: "quiet" }));
  if (good) quiet = setTimeout(() => say(""), 4000);
}

// -- asking -------------------------------------------------------------------------------------------------------

/** The answer to what the state asks: {matches, nothing_like_it, look?}. */
async function answerTo(state, { explain = false, signal }) {
  const question = { k: state.k, where: filter(state), ...(Object.keys(state.weights).length && { weights: state.weights }), ...(explain && { explain }) };
  if (state.image) return answerToPicture(state, question, signal);
  const liked = [...(state.product ? [state.product] : []), ...state.like];
  const plain = state.product && !state.like.length && !state.dislike.length && !state.text;
  if (plain && terms(state).every(term => !term.includes(",")))
    return api.similar(state.product, { k: state.k, where: terms(state), weights: state.weights, explain }, signal);
  return api.search({ ...question, ...(state.text && { text: state.text }), like: liked, dislike: state.dislike }, null, signal);
}

async function answerToPicture(state, question, signal) {
  const bytes = isKept(state.image) ? await kept(state.image) : null;
  if (isKept(state.image) && !bytes)
    throw new api.Problem(0, "This picture was dropped in another browser and stayed there. Drop it here once more.");
  const picture = bytes ? {} : { image_url: state.image };
  const look = await lookAt(state, { ...question, ...picture, k: LOOKED }, bytes, signal);
  const part = partOf(state, look);
  const garment = look?.garments[Number(part) - 1];
  if (garment && !state.text && !state.like.length && !state.dislike.length && state.k <= LOOKED && !question.explain)
    return { matches: garment.matches, nothing_like_it: false, look, part };
  const box = part === "box" ? state.box : garment?.box;
  const found = await api.search({ ...question, ...picture, ...(box && { box }), ...(state.text && { text: state.text }), like: state.like, dislike: state.dislike }, bytes, signal);
  return { ...found, look, part };
}

/** The photograph taken apart, once for each photograph, filter and weights; null where the server cannot. */
async function lookAt(state, question, bytes, signal) {
  const { explain, ...asked } = question;
  const of = JSON.stringify([state.image, asked]);
  if (looked.of !== of) {
    const look = await api.look(asked, bytes, signal).catch(error => {
      if (error.status === 404 || error.status === 501 || error.status === 503) return null; // the whole picture is still asked
      throw error;
    });
    looked = { of, look };
  }
  return looked.look;
}

/** Which part of a photograph is asked about: "whole", "box", or the number of a garment. */
function partOf(state, look) {
  if (state.part === "box" && state.box) return "box";
  if (state.part === "whole" || !look?.garments.length) return "whole";
  return look.garments[Number(state.part) - 1] ? state.part : "1";
}

// -- showing ------------------------------------------------------------------------------------------------------

async function show(state, before = null) {
  const view = state.view === "map" ? "map" : isAsking(state) ? "asking" : "start";
  find("#start").hidden = view !== "start";
  find("#asking").hidden = view !== "asking";
  find("#map-view").hidden = view !== "map";
  document.body.dataset.view = view;
  asking.show();
  if (view === "map") return map.show(say);
  if (view === "start") return showStart();
  if (before && question(state) !== question(before)) scrollTo({ top: 0, behavior: "instant" });
  if (before && answered && everythingBut(state, "why") === answered) return explain(state);
  showWeights();
  await showAnswer(state);
  if (now() === state) await showFacets(); // after the answer, which they would hold up
}

const question = ({ text, product, image }) => JSON.stringify([text, product, image]);
const everythingBut = (state, name) => JSON.stringify({ ...state, [name]: null });
let answered = ""; // the state whose answer is on the page

async function showAnswer(state) {
  request?.abort();
  request = new AbortController();
  const { signal } = request;
  const results = find("#results");
  answered = "";
  results.setAttribute("aria-busy", "true");
  const fresh = !results.children.length || find("#asking").dataset.of !== question(state);
  if (fresh) refill(results, find("#answer"), waiting(8));
  if (fresh && (document.activeElement === document.body || find("#start").contains(document.activeElement))) find("#answer").focus({ preventScroll: true });
  find("#asking").dataset.of = question(state);
  chips(state);
  try {
    if (fresh) await expect(state);
    const product = state.product ? await api.product(state.product, signal) : null;
    if (product) await showQuestion(state, product, {});
    const found = await answerTo(state, { explain: Boolean(state.why), signal });
    if (signal.aborted) return;
    if (!find("#told").classList.contains("good")) say("");
    shown = found.matches;
    answered = everythingBut(state, "why");
    if (found.query?.weights) showWeights(found.query.weights);
    if (!product) await showQuestion(state, product, found);
    showMatches(state, product, found);
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    shown = [];
    fill(find("#garments")).hidden = true;
    find("#more").hidden = true;
    find("#answer-heading").textContent = "No answer";
    find("#count").textContent = "";
    document.title = "Lookalike";
    if (state.image) await showQuestion(state, null, { look: null, part: "whole" });
    else if (state.product) fill(find("#question")).dataset.of = "";
    fill(results, make("div", { class: "nothing", role: "alert" }, make("p", { class: "wrong" }, error.message),
      make("div", { class: "row" },
        iconButton("again", "Try again", () => show(now()), { words: true, class: "pill" }),
        make("a", { class: "pill", href: "#" }, "Start again"))));
    if (error.status === 401 || error.status === 403) merchandising.showKey();
  } finally {
    if (!signal.aborted) results.removeAttribute("aria-busy");
  }
}

/** Show what is asked while it is being answered: a photograph is there at once, and takes longest. */
async function expect(state) {
  fill(find("#garments")).hidden = true;
  find("#more").hidden = true;
  find("#count").textContent = "";
  find("#answer-heading").textContent = "Looking…";
  find("#question").dataset.of = "";
  if (!state.image) return fill(find("#question"), state.product ? waiting(1) : []);
  fill(find("#question"), await pictureOf(state, null, "whole"), make("p", { class: "faint about" }, "Taking the photograph apart…"));
  find("#question .stage").classList.add("looking");
}

function showMatches(state, product, { matches, nothing_like_it, look, part }) {
  const garment = look?.garments[Number(part) - 1];
  const of = product ? titleOf(product) : garment ? `the ${garment.label}` : part === "box" ? "your box" : state.image ? "your picture" : state.text ? `“${state.text}”` : "what you like";
  fill(find("#answer-heading"), state.text && !state.image && !state.product ? make("em", {}, of) : ["Like ", make("em", {}, of)]);
  document.title = `${of} · Lookalike`;
  find("#count").textContent = matches.length ? `${matches.length} ${matches.length === 1 ? "product" : "products"}` : "";
  for (const match of matches) titles.set(match.id, titleOf(match));
  showTabs(look, part);
  refill(find("#results"), find("#answer"), matches.length ? matches.map(match => cardOf(match, state)) : nothing(state, nothing_like_it));
  find("#more").hidden = matches.length < state.k || state.k >= MOST;
}

const cardOf = (match, state) =>
  matchCard(match, { why: state.why === match.id, merchandise: merchandising.isReady() ? merchandising.tools : null });

function nothing(state, foreign) {
  const refined = terms(state).length > 0;
  return make("div", { class: "nothing" },
    make("h2", {}, foreign ? "Nothing like it in this shop" : "Nothing passes"),
    make("p", {}, foreign ? "It is as foreign to this shop as a picture of nothing, and we would rather say so than guess."
      : refined ? "No product passes all filters." : "There is no product to show."),
    refined ? make("button", { type: "button", class: "pill", onclick: () => go({ where: {}, least: "", most: "", stock: false }) }, "Clear the filters") : null);
}

/** Open or close the reasons of a card without asking all again. */
async function explain(state) {
  for (const card of find("#results").querySelectorAll(".card[data-id]")) {
    const match = shown.find(one => one.id === card.dataset.id), open = card.dataset.id === state.why;
    find(".why", card).setAttribute("aria-expanded", String(open));
    find(".reasons", card)?.remove();
    if (open && match) card.append(reasons(match));
  }
  if (!state.why || shown.find(one => one.id === state.why)?.reasons) return;
  try {
    const { matches } = await answerTo(state, { explain: true, signal: request?.signal });
    for (const match of shown) match.reasons = matches.find(one => one.id === match.id)?.reasons ?? match.reasons ?? [];
    if (now().why) explain(now());
  } catch (error) {
    if (error.name !== "AbortError") say(error.message);
  }
}

function showTabs(look, part) {
  const tabs = find("#garments");
  tabs.hidden = !look?.garments.length;
  if (tabs.hidden) return fill(tabs);
  const focused = tabs.contains(document.activeElement);
  const tab = (value, ...words) => make("button", { type: "button", role: "tab", id: `tab-${value}`, "aria-selected": String(part === value), "aria-controls": "results", tabindex: part === value ? "0" : "-1",
    onclick: () => go({ part: value, box: value === "box" ? now().box : null, why: "" }) }, words);
  fill(tabs, look.garments.map((garment, at) => tab(String(at + 1), make("span", { class: "dot" }, String(at + 1)), garment.label)),
    part === "box" ? tab("box", "Your box") : null, tab("whole", "Whole picture"));
  if (focused) find("[aria-selected=true]", tabs)?.focus();
}

find("#garments").addEventListener("keydown", event => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = [...find("#garments").children], at = tabs.indexOf(document.activeElement);
  event.preventDefault();
  tabs[(at + step + tabs.length) % tabs.length].click();
});

async function showQuestion(state, product, { look, part }) {
  const section = find("#question"), of = product ? JSON.stringify([product, state.text]) : "";
  if (of && section.dataset.of === of) return; // it stands there
  section.dataset.of = of;
  const held = find(".stage")?.contains(document.activeElement);
  if (state.image) refill(section, find("#answer"), await pictureOf(state, look, part), aboutLook(look), alsoWords(state));
  else if (product) refill(section, find("#answer"), detail(product), alsoWords(state));
  else fill(section);
  if (held) find(".box")?.focus({ preventScroll: true });
}

async function pictureOf(state, look, part) {
  return photo(await addressOfPicture(state.image), {
    garments: look?.garments ?? [], selected: part, box: state.box,
    onselect: number => go({ part: String(number), box: null, why: "" }),
    onbox: box => go({ part: "box", box: box.map(side => Math.round(side * 1e4) / 1e4), why: "" }),
  });
}

async function addressOfPicture(image) {
  if (!isKept(image)) return image;
  if (address.of !== image) {
    if (address.url) URL.revokeObjectURL(address.url);
    const bytes = await kept(image);
    address = { of: image, url: bytes ? URL.createObjectURL(bytes) : "" };
  }
  return address.url;
}

function aboutLook(look) {
  if (!look) return null;
  const words = [
    look.people.length ? (look.full_length ? "Shown from head to feet" : "Not shown at full length") : "",
    look.people[0]?.facing ? `from the ${look.people[0].facing}` : "",
    look.audience ? `${look.audience.label}, ${Math.round(100 * look.audience.confidence)} % sure` : "",
  ].filter(Boolean);
  return words.length ? make("p", { class: "faint about" }, words.join(" · ")) : null;
}

function alsoWords(state) {
  const field = make("input", { type: "text", id: "also", name: "also", value: state.text, placeholder: "but in red", maxlength: "300", autocomplete: "off" });
  return make("form", { class: "also", onsubmit: event => { event.preventDefault(); go({ text: field.value.trim(), why: "" }); } },
    make("label", { for: "also" }, "Like this,"), field);
}

function detail(product) {
  const facts = [["Brand", product.brand], ["Department", product.audience], ["Category", product.category?.replaceAll("/", " / ")], ["Colour", product.colour],
    ...Object.entries(product.attributes).map(([name, value]) => [named(name), Array.isArray(value) ? value.join(", ") : String(value)])]
    .filter(([, value]) => value && value.length < 80 && !/^https?:/.test(value)).slice(0, 8);
  return make("div", { class: "detail" },
    portrait(product),
    make("h2", {}, titleOf(product)),
    make("p", { class: "line" }, make("span", { class: "price" }, price(product)), product.in_stock === false ? make("span", { class: "gone" }, "Sold out") : null, make("span", { class: "faint" }, product.id)),
    make("div", { class: "row" },
      product.thumbnail ? iconButton("camera", "Shop this look", () => lookOf(product), { words: true, class: "pill" }) : null,
      product.url ? make("a", { class: "pill", href: product.url, rel: "noopener noreferrer", target: "_blank" }, icon("outward"), make("span", {}, "In the shop")) : null),
    product.description ? make("p", { class: "description" }, product.description) : null,
    make("dl", { class: "product-facts" }, facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])));
}

/** The picture of a product, and its other views to choose from. */
function portrait(product) {
  const views = product.thumbnail ? product.images.slice(0, VIEWS).map((_, view) => ({ ...product, thumbnail: api.viewOf(product.thumbnail, view) })) : [];
  const frame = make("div", { class: "portrait" }, picture(product, 512, { lazy: false }));
  if (views.length < 2) return frame;
  const choose = at => {
    frame.firstChild.replaceWith(picture(views[at], 512, { lazy: false }));
    buttons.forEach((button, n) => button.setAttribute("aria-pressed", String(n === at)));
  };
  const buttons = views.map((one, at) =>
    make("button", { type: "button", "aria-label": `View ${at + 1} of ${titleOf(product)}`, "aria-pressed": String(!at), onclick: () => choose(at) }, picture(one, 128)));
  frame.append(make("div", { class: "views", role: "group", "aria-label": "Views" }, buttons));
  return frame;
}

/** Take the product's own picture apart, as any photograph. */
async function lookOf(product) {
  try {
    ask({ image: await keep(await api.pictureBytes(product.thumbnail, 512)) });
  } catch (error) {
    say(error.message);
  }
}

const titles = new Map(); // id -> title, of products that were on the page or are liked

/** Learn the titles of products that an address names, for the chips. */
async function nameThose(ids) {
  const unknown = ids.filter(id => !titles.has(id));
  for (const id of unknown) titles.set(id, id); // it is asked once
  for (const id of unknown) await api.product(id).then(product => titles.set(id, titleOf(product)), () => {}); // the answer says what is wrong
  if (unknown.length) chips(now());
}

/** What refines the question, each with a way to take it back. */
function chips(state) {
  const called = id => titles.get(id) ?? id;
  nameThose([...state.like, ...state.dislike]);
  const chip = (words, undone, kind = "") => make("button", { type: "button", class: `chip ${kind}`, "aria-label": `Remove ${words}`, onclick: () => go({ ...undone, why: "" }) }, make("span", {}, words), icon("less"));
  const without = (list, one) => list.filter(other => other !== one);
  fill(find("#chips"),
    state.like.map(id => chip(`like ${called(id)}`, { like: without(state.like, id) }, "good")),
    state.dislike.map(id => chip(`less like ${called(id)}`, { dislike: without(state.dislike, id) }, "bad")),
    state.text && (state.image || state.product) ? chip(`“${state.text}”`, { text: "" }) : null,
    Object.entries(state.where).flatMap(([name, values]) => values.map(value => {
      const rest = without(values, value), where = { ...state.where, [name]: rest };
      if (!rest.length) delete where[name];
      return chip(`${named(name)}: ${value}`, { where });
    })),
    state.least ? chip(`from ${state.least}`, { least: "" }) : null,
    state.most ? chip(`up to ${state.most}`, { most: "" }) : null,
    state.stock ? chip("in stock", { stock: false }) : null);
}

async function showStart() {
  document.title = "Lookalike";
  const begin = find("#begin");
  if (begin.dataset.key === api.key() && begin.children.length) return;
  fill(begin, waiting(BEGIN));
  try {
    const products = await api.products("", AMONG);
    begin.dataset.key = api.key();
    fill(begin, mixed(products.filter(one => one.thumbnail)).slice(0, BEGIN).map(plainCard));
  } catch (error) {
    fill(begin);
    say(error.message);
    if (error.status === 401) merchandising.showKey();
  }
}

/** One product of each category, then a second of each, and so on; of a style only one. */
function mixed(products) {
  const styles = new Set(), shelves = new Map();
  for (const product of products) {
    if (styles.has(product.group)) continue;
    styles.add(product.group);
    const shelf = product.category ?? "";
    shelves.set(shelf, [...(shelves.get(shelf) ?? []), product]);
  }
  const turns = [...shelves.values()].flatMap(shelf => shelf.map((product, turn) => [turn, product]));
  return turns.sort((a, b) => a[0] - b[0]).map(([, product]) => product);
}

// -- the page itself ----------------------------------------------------------------------------------------------

function turnTheme() {
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const shown = root.dataset.theme || (dark ? "dark" : "light");
  root.dataset.theme = shown === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("lookalike-theme", root.dataset.theme);
  } catch { /* a browser that keeps nothing: for this visit only */ }
}

fill(find("#tools"),
  make("a", { class: "tool", href: addressOf({ view: "map" }), id: "open-map" }, icon("map"), make("span", {}, "Map")),
  iconButton("tag", "Rules", merchandising.showRules, { words: true, class: "tool", id: "open-rules", hidden: true }),
  iconButton("key", "Key", merchandising.showKey, { class: "tool", id: "open-key" }),
  iconButton("theme", "Light or dark", turnTheme, { class: "tool", id: "turn-theme" }));

function refreshTools() {
  find("#open-rules").hidden = !merchandising.isReady();
}

fill(find("#refine"), icon("sliders"), make("span", {}, "Refine"));
find("#refine").addEventListener("click", event => {
  const open = find("#refinements").classList.toggle("open");
  event.currentTarget.setAttribute("aria-expanded", String(open));
});
find("#more").addEventListener("click", () => go({ k: Math.min(MOST, now().k + PAGE), why: "" }, { replace: true }));
find("#home").addEventListener("click", event => {
  event.preventDefault();
  home();
});
find("#skip").addEventListener("click", event => {
  event.preventDefault();
  find("main").querySelector("[tabindex='-1'], h1")?.focus();
});
document.addEventListener("click", event => { // links within the page are steps, not loads
  const link = event.target.closest?.("a[href^='#']");
  if (!link || link.id === "skip" || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", link.getAttribute("href"));
  arrive();
});
addEventListener("keydown", event => {
  if (event.key === "Escape" && now().why) go({ why: "" }, { replace: true });
});

merchandising.prepare({
  say,
  changed() {
    looked = { of: "", look: null };
    answered = "";
    map.forget();
    refreshTools();
    show(now());
  },
});
asking.prepare(say);
refreshTools();
follow(show);
show(now());
