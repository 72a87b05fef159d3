// The page's one door to the server: the public API, and nothing else.

const KEY = "lookalike-key";

/** What the server answered instead of an answer: its own words, and the status. */
export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export const key = () => sessionStorage.getItem(KEY) ?? "";

/** Keep a key until this tab is closed; an empty one forgets it. */
export function useKey(value) {
  if (value) sessionStorage.setItem(KEY, value);
  else sessionStorage.removeItem(KEY);
}

const authorised = (headers = {}) => (key() ? { ...headers, Authorization: `Bearer ${key()}` } : headers);

const PATIENCE = 4; // times that a busy server is asked
export const soon = (attempt, seconds = 1) => new Promise(done => setTimeout(done, 1000 * Math.min(seconds, 3) * (0.5 + Math.random() / 2) * attempt));

/** A server that is busy says so at once, and is asked again; every other answer is one. */
async function answer(path, options = {}) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(path, options);
    } catch (error) {
      if (error.again === undefined || attempt === PATIENCE || options.method === "PUT") throw error;
      await soon(attempt, error.again);
      options.signal?.throwIfAborted();
    }
  }
}

async function once(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: authorised(options.headers), credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The server does not answer. Is it running?");
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  const detail = typeof told.detail === "string" ? told.detail : told.title;
  const problem = new Problem(response.status, detail ?? `The server answered ${response.status}.`);
  if (response.status === 503 || response.status === 429) problem.again = Number(response.headers.get("Retry-After")) || 0;
  throw problem;
}

const json = async (path, options) => (await answer(path, options)).json();

const sent = (method, document_, signal) => ({
  method, signal, body: JSON.stringify(document_), headers: { "Content-Type": "application/json" },
});

/** A question with a picture in it, when there is one in hand. */
function asked(path, question, picture, signal) {
  if (!picture) return json(path, sent("POST", question, signal));
  const form = new FormData();
  form.append("picture", picture, "picture");
  form.append("query", JSON.stringify(question));
  return json(path, { method: "POST", body: form, signal });
}

const params = pairs => {
  const said = new URLSearchParams(pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined));
  return said.size ? `?${said}` : "";
};

const path = id => `v1/products/${encodeURIComponent(id)}`;

export const product = (id, signal) => json(path(id), { signal });

export const products = async (prefix, k, signal) =>
  (await json(`v1/products${params([["prefix", prefix], ["k", k]])}`, { signal })).products;

/** weights: {part: number}. where: filters in the grammar of the command line. */
export const similar = (id, { k, where, weights, explain }, signal) =>
  json(`${path(id)}/similar${params([
    ["k", k],
    ...where.map(term => ["where", term]),
    ["weights", Object.entries(weights ?? {}).map(([part, weight]) => `${part}:${weight}`).join(",")],
    ["explain", explain ? "true" : ""],
  ])}`, { signal });

export const search = (question, picture, signal) => asked("v1/search", question, picture, signal);

export const look = (question, picture, signal) => asked("v1/look", question, picture, signal);

export const facets = (fields, where, signal) =>
  json(`v1/facets${params([...fields.map(field => ["field", field]), ...where.map(term => ["where", term])])}`, { signal });

/** The map, or `{ again }`, in how many seconds to ask for one that is still being drawn. */
export async function map(limit) {
  const told = await answer(`v1/map?limit=${limit}`);
  return told.status === 202 ? { again: Number(told.headers.get("Retry-After")) || 1 } : told.json();
}

export const rules = async () => (await json("v1/rules")).rules;

export const putRules = wanted => json("v1/rules", sent("PUT", { rules: wanted }));

/** A picture of the server at another size. */
export function sized(address, size) {
  const whole = new URL(address, document.baseURI);
  whole.searchParams.set("size", size);
  return whole.href;
}

/** Another view of the product whose picture it is. */
export function viewOf(address, view) {
  const whole = new URL(address, document.baseURI);
  whole.searchParams.set("view", view);
  return whole.href;
}

export const pictureBytes = async (address, size) => (await answer(sized(address, size))).blob();

/** Show a product's picture. With a key it is fetched with the key, since an <img> cannot send one. */
export function showPicture(image, address, size) {
  wanted.set(image, [address, size]);
  if (key()) seen.observe(image);
  else image.src = sized(address, size);
  // A refusal says nothing to an <img>: what did not come is fetched, by which a busy server is asked again.
  image.addEventListener("error", event => {
    if (image.dataset.again) return;
    image.dataset.again = "1";
    event.stopImmediatePropagation();
    seen.observe(image);
  });
  return image;
}

const wanted = new WeakMap(); // image -> what it is to show once it is near the screen
const seen = new IntersectionObserver(entries => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    pictureBytes(...wanted.get(target)).then(
      bytes => {
        const address = URL.createObjectURL(bytes);
        target.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
        target.src = address;
      },
      () => {
        target.dataset.again = "1";
        target.dispatchEvent(new Event("error"));
      },
    );
  }
}, { rootMargin: "300px" });
