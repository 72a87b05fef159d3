// A product as it stands in a list, and what can be done with it.

import { showPicture } from "./api.js";
import { addressOf, go, now } from "./address.js";
import { fill, icon, iconButton, make } from "./elements.js";
import { groundOf } from "./ground.js";

const FRAME = 3 / 4; // the shape of a product's frame, wide by high
const SIDES = 0.12; // of a picture's width that may be cut off beside what it shows; never above or below it
const SMALL = 120; // pixels of height; such a picture is not blown up to its frame
const CALLED = { image: "Shape", text: "Words", colour: "Colour" };

export function price(product) {
  if (product.price === null || product.price === undefined) return "";
  const number = product.price;
  try {
    if (product.currency) return new Intl.NumberFormat(undefined, { style: "currency", currency: product.currency }).format(number);
  } catch { /* a currency that is none: the number stands for itself */ }
  return new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(number);
}

export const titleOf = product => product.title || product.id;

/** The picture of a product, or its name where there is none. */
export function picture(product, size, { lazy = true } = {}) {
  const frame = make("span", { class: "picture" });
  if (!product.thumbnail) return fill(frame, make("span", { class: "no-picture", "aria-hidden": "true" }, titleOf(product)));
  const image = make("img", { alt: "", loading: lazy ? "lazy" : null, decoding: "async" });
  showPicture(image, product.thumbnail, size);
  image.addEventListener("load", () => {
    const { ground, bare } = groundOf(image), shape = image.naturalWidth / image.naturalHeight;
    frame.classList.toggle("paper", ground === "paper"); // white becomes the frame's colour
    frame.style.backgroundColor = ground === "paper" ? "" : ground;
    image.classList.toggle("filling", (bare || !ground) && shape >= FRAME && shape <= FRAME * (1 + SIDES));
    image.classList.toggle("small", image.naturalHeight < SMALL);
    image.classList.add("loaded");
  });
  image.addEventListener("error", () => fill(frame, make("span", { class: "no-picture", "aria-hidden": "true" }, titleOf(product))));
  return fill(frame, image);
}

/** A product to begin with. */
export function plainCard(product) {
  return make("article", { class: "card" }, linked(product), picture(product, 256));
}

/** The name of a product, and all of its card, as a link to what is like it. */
const linked = product => make("a", { class: "card-link", href: addressOf({ product: product.id }) }, facts(product));

function facts(product) {
  return make("span", { class: "facts" },
    product.brand ? make("span", { class: "brand" }, product.brand) : null,
    make("span", { class: "title" }, titleOf(product)),
    make("span", { class: "line" },
      make("span", { class: "price" }, price(product)),
      product.in_stock === false ? make("span", { class: "gone" }, "Sold out") : null));
}

/** A match. why: whether its reasons are open. merchandise: null, or a function (match) -> buttons. */
export function matchCard(match, { why, merchandise }) {
  const { like, dislike } = now();
  const liked = like.includes(match.id), disliked = dislike.includes(match.id);
  const title = titleOf(match);
  const card = make("article", { class: "card", "data-id": match.id },
    linked(match), picture(match, 256),
    make("span", { class: "badges" },
      make("span", { class: "score", title: `Likeness ${percent(match.score)} of 100` }, make("span", { class: "hidden" }, "Likeness "), percent(match.score)),
      match.rules.length ? make("span", { class: "ruled", title: match.rules.join(", ") }, icon("pin"), make("span", {}, match.rules.join(", "))) : null),
    iconButton("heart", `Like ${title}`, () => toggle("like", match.id), { "aria-pressed": String(liked), class: "deed like" }),
    make("div", { class: "deeds" },
      make("a", { class: "deed alike", href: addressOf({ product: match.id }), "aria-label": `More like ${title}`, title: "More like this" }, icon("alike")),
      iconButton("less", `Less like ${title}`, () => toggle("dislike", match.id), { "aria-pressed": String(disliked), class: "deed dislike", title: "Less like this" }),
      iconButton("why", `Why ${title}`, () => go({ why: now().why === match.id ? "" : match.id }, { replace: true }),
        { "aria-expanded": String(why), class: "deed why", title: "Why this" }),
      match.url ? make("a", { class: "deed", href: match.url, "aria-label": `${title} in the shop`, title: "In the shop", rel: "noopener noreferrer", target: "_blank" }, icon("outward")) : null),
    merchandise ? merchandise(match) : null);
  if (why) card.append(reasons(match));
  return card;
}

/** Why a match is one: how alike each part is, and sentences. */
export function reasons(match) {
  const parts = Object.entries(match.likeness).map(([part, likeness]) => {
    const meter = make("span", { class: "meter-fill" });
    meter.style.inlineSize = `${percent(likeness)}%`;
    return [make("dt", {}, CALLED[part] ?? part),
      make("dd", {}, make("span", { class: "meter", "aria-hidden": "true" }, meter), make("span", {}, String(percent(likeness))))];
  });
  return make("div", { class: "reasons", role: "region", "aria-label": `Why ${titleOf(match)}` },
    make("dl", {}, parts.flat()),
    match.reasons
      ? make("ul", {}, match.reasons.map(reason => make("li", {}, reason)))
      : make("p", { class: "faint" }, "Asking why…"));
}

const percent = share => Math.round(100 * share);

function toggle(name, id) {
  const other = name === "like" ? "dislike" : "like", state = now();
  const has = state[name].includes(id);
  go({
    [name]: has ? state[name].filter(one => one !== id) : [...state[name], id],
    [other]: state[other].filter(one => one !== id),
  });
}

/** Places held for answers that are on their way. */
export const waiting = count => Array.from({ length: count }, () =>
  make("div", { class: "card ghost", "aria-hidden": "true" }, make("span", { class: "picture" }), make("span", { class: "facts" }, make("span"), make("span"))));
