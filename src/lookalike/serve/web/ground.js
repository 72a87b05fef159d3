// What a picture stands on, so that its frame can go on where it ends, and nothing needs to be cut off.

const SIDE = 24; // pixels of the copy that is looked at
const NEAR = 22; // levels of a channel within which two pixels are one ground
const MOST = 0.62; // of the border that an even ground takes, at least
const BARE = 0.97; // of the sides
const WHITE = 228; // levels; a ground of at least that much is paper

const copy = document.createElement("canvas");
copy.width = copy.height = SIDE;
const pen = copy.getContext("2d", { willReadFrequently: true });

/**
 * The ground of a picture that is loaded.
 * ground: "paper", a colour as CSS writes it, or "" where the picture has none. bare: nothing but ground at its sides.
 */
export function groundOf(image) {
  pen.fillStyle = "#fff"; // behind what is transparent
  pen.fillRect(0, 0, SIDE, SIDE);
  pen.drawImage(image, 0, 0, SIDE, SIDE);
  const { data } = pen.getImageData(0, 0, SIDE, SIDE), sides = [], above = [];
  const at = (across, down) => data.subarray(4 * (down * SIDE + across), 4 * (down * SIDE + across) + 3);
  for (let n = 0; n < SIDE; n++) {
    sides.push(at(0, n), at(1, n), at(SIDE - 2, n), at(SIDE - 1, n));
    above.push(at(n, 0)); // not below: there a person is cut off
  }
  const border = [...sides, ...above], usual = [0, 1, 2].map(channel => middle(border.map(pixel => pixel[channel])));
  const even = pixels => pixels.filter(pixel => usual.every((level, channel) => Math.abs(pixel[channel] - level) <= NEAR)).length / pixels.length;
  if (even(border) < MOST) return { ground: "", bare: false };
  return { ground: usual.every(level => level >= WHITE) ? "paper" : `rgb(${usual.join(" ")})`, bare: even(sides) > BARE };
}

const middle = numbers => numbers.sort((a, b) => a - b)[numbers.length >> 1];
