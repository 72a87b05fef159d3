// Pictures that were dropped or pasted: made small enough to send, and kept in this browser, so that going back,
// reloading and links within this browser find them again. They are sent to the shop's server and nowhere else.

const LONGEST = 1600; // pixels of the longer side; the models look at less
const HEAVY = 3_000_000; // bytes
const MOST = 12; // pictures kept

/** Keep a picture; its key is what the address says. */
export async function keep(file) {
  const picture = await reduced(file);
  const key = await fingerprint(picture);
  held.set(key, picture);
  await store("readwrite", pictures => pictures.put({ key, picture, at: Date.now() })).catch(() => {}); // a private window
  forgetOldest().catch(() => {});
  return `kept:${key}`;
}

/** A picture that was kept in this browser; null where it was not. */
export async function kept(name) {
  const key = name.slice("kept:".length);
  if (!held.has(key)) {
    const found = await store("readonly", pictures => pictures.get(key)).catch(() => null);
    if (!found) return null;
    held.set(key, found.picture);
  }
  return held.get(key);
}

export const isKept = name => name.startsWith("kept:");

const held = new Map(); // key -> Blob, of this visit

async function reduced(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return file; // of a kind that this browser cannot show: the server says what it thinks of it
  }
  const scale = LONGEST / Math.max(bitmap.width, bitmap.height);
  if (scale >= 1 && file.size < HEAVY) return file;
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * Math.min(1, scale)));
  canvas.height = Math.max(1, Math.round(bitmap.height * Math.min(1, scale)));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff"; // behind what is transparent
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise(done => canvas.toBlob(blob => done(blob ?? file), "image/jpeg", 0.92));
}

async function fingerprint(blob) {
  if (!crypto.subtle) return Array.from(crypto.getRandomValues(new Uint8Array(8)), two).join(""); // not over https
  const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return Array.from(new Uint8Array(digest).slice(0, 8), two).join("");
}

const two = byte => byte.toString(16).padStart(2, "0");

let opened;
function database() {
  opened ??= new Promise((done, failed) => {
    const request = indexedDB.open("lookalike", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("pictures", { keyPath: "key" });
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  return opened;
}

async function store(mode, act) {
  const pictures = (await database()).transaction("pictures", mode).objectStore("pictures");
  return new Promise((done, failed) => {
    const request = act(pictures);
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

async function forgetOldest() {
  const all = await store("readonly", pictures => pictures.getAll());
  all.sort((a, b) => b.at - a.at);
  for (const { key } of all.slice(MOST)) await store("readwrite", pictures => pictures.delete(key));
}
