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

async function answer(path, options = {}) {
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
  throw new Problem(response.status, detail ?? `The server answered ${response.status}.`);
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

export const map = limit => json(`v1/map?limit=${limit}`);

export const rules = async () => (await json("v1/rules")).rules;

export const putRules = wanted => json("v1/rules", sent("PUT", { rules: wanted }));

/** A picture of the server at another size. */
export function sized(address, size) {
  const whole = new URL(address, document.baseURI);
  whole.searchParams.set("size", size);
  return whole.href;
}

export const pictureBytes = async (address, size) => (await answer(sized(address, size))).blob();

/** Show a product's picture. With a key it is fetched with the key, since an <img> cannot send one. */
export function showPicture(image, address, size) {
  if (!key()) {
    image.src = sized(address, size);
    return image;
  }
  wanted.set(image, [address, size]);
  seen.observe(image);
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
      () => target.dispatchEvent(new Event("error")),
    );
  }
}, { rootMargin: "300px" });
