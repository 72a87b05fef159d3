"""Fuzz the decoders' door: damaged pictures of every format, thousands a minute, in a process that may die.

    python tests/fuzz_decoder.py --minutes 5 --seed 1 [--pictures FOLDER]

Whatever the bytes, `decode` gives RGB pixels or one `PictureError` of one line, in seconds and within memory.
Each case follows from its seed and number alone: when a case kills the process, hangs it or breaks that law, its
bytes are kept as `fuzz-<seed>-<number>.bin` in --out and the command ends with 1. `--only NUMBER` runs one again.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import resource
import struct
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from lookalike.errors import PictureError
from lookalike.media.decoding import Limits, decode

LIMITS = Limits(max_pixels=4_000_000)
HANG_S, MEMORY = 20, 4 << 30
NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)


def seeds(folder: Path | None) -> list[bytes]:
    """Small pictures in every format and mode that Pillow writes, with profiles, rotation, several frames."""
    noise = np.random.default_rng(0).integers(0, 255, (30, 40, 4), dtype=np.uint8)
    pictures = [Image.fromarray(noise), Image.radial_gradient("L").resize((48, 36)).convert("RGB")]
    real = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".png", ".webp")) if folder else []
    for path in random.Random(0).sample(real, min(8, len(real))):
        with Image.open(path) as image:
            pictures.append(image.convert("RGB").resize((64, 48)))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"sRGB", b"swap")
    made = []
    for picture in pictures:
        rgb, frames = picture.convert("RGB"), [picture.convert("RGB").rotate(a) for a in (90, 180)]
        moving: dict[str, Any] = {"save_all": True, "append_images": frames, "duration": 40}
        kept: dict[str, Any] = {"exif": exif.tobytes(), "icc_profile": icc}
        sixteen = Image.fromarray(np.asarray(rgb.convert("L"), np.uint16) * 257)
        for image, kind, options in (
            (rgb, "JPEG", {}),
            (rgb, "JPEG", {"progressive": True, **kept}),
            (rgb, "JPEG", {"subsampling": 0, "optimize": True, "restart_marker_blocks": 2}),
            (rgb.convert("L"), "JPEG", {}),
            (rgb.convert("CMYK"), "JPEG", {}),
            (rgb, "PNG", kept),
            (picture.convert("RGBA"), "PNG", moving),
            (rgb.convert("P"), "PNG", {"transparency": 3}),
            (rgb.convert("1"), "PNG", {}),
            (sixteen, "PNG", {}),
            (rgb, "WEBP", kept),
            (picture.convert("RGBA"), "WEBP", {"lossless": True}),
            (rgb, "WEBP", moving),
            (rgb, "GIF", {}),
            (rgb, "GIF", moving),
            (rgb, "BMP", {}),
            (rgb.convert("P"), "BMP", {}),
            (rgb.convert("1"), "BMP", {}),
            (rgb, "AVIF", kept),
            (picture.convert("RGBA"), "AVIF", {}),
            (rgb, "AVIF", moving),
            (sixteen, "TIFF", {}),
            (rgb, "TIFF", moving),
            (rgb, "TIFF", {"compression": "jpeg"}),
            (rgb, "TIFF", {"compression": "tiff_lzw", **kept}),
            (rgb, "TIFF", {"compression": "tiff_deflate", "big_tiff": True}),
            (rgb, "TIFF", {"compression": "packbits"}),
            (rgb.convert("1"), "TIFF", {"compression": "group4"}),
            (rgb.convert("CMYK"), "TIFF", {}),
            (rgb.convert("LAB"), "TIFF", {}),
            (rgb.convert("F"), "TIFF", {}),
        ):
            buffer = io.BytesIO()
            image.save(buffer, kind, **options)
            made.append(buffer.getvalue())
    return made


def case(seed: int, number: int, pictures: list[bytes]) -> bytes:
    """One damaged picture."""
    chance = random.Random(f"{seed}/{number}")
    data = bytearray(chance.choice(pictures))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        head = chance.random() < 0.5  # where sizes, tables and offsets are
        at = chance.randrange(min(len(data), 128) if head else len(data))
        match chance.randrange(8):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at] = chance.randrange(256)
            case 2:
                width, order = chance.choice("HI"), chance.choice("<>")
                top = (1 << 8 * struct.calcsize(width)) - 1
                number_ = struct.pack(order + width, min(chance.choice(NUMBERS), top))
                data[at : at + len(number_)] = number_
            case 3:
                del data[at : at + chance.randrange(1, 32)]
            case 4:
                data[at:at] = chance.randbytes(chance.randrange(1, 32))
            case 5:
                piece = data[at : at + chance.randrange(1, 64)]
                to = chance.randrange(len(data))
                data[to:to] = piece
            case 6:
                other = chance.choice(pictures)
                start = chance.randrange(len(other))
                data[at:] = other[start : start + 4096]
            case 7:
                del data[max(at, 16) :]
        if not data:
            return b""
    return bytes(data)


def run_cases(seed: int, start: int, seconds: float, folder: Path | None, only: bool) -> None:
    """In the child: says each number before its case, and what went wrong after it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pictures, until, number = seeds(folder), time.monotonic() + seconds, start
    outcomes: Counter[str] = Counter()
    while time.monotonic() < until:
        os.write(1, f"at {number}\n".encode())
        begun = time.process_time()
        try:
            pixels = decode(case(seed, number, pictures), at_least=(None, 16, 224)[number % 3], limits=LIMITS)
            wrong = "" if pixels.ndim == 3 and pixels.dtype == np.uint8 and pixels.size else "no pixels"
            outcomes["pictures"] += 1
        except PictureError as error:
            words = str(error)
            wrong = "not one clean line: " + repr(words) if "\n" in words or " at 0x" in words else ""
            outcomes["refused"] += 1
        except BaseException as error:  # the law is what is tested
            wrong = f"{type(error).__name__}: {error}"
        if (spent := time.process_time() - begun) > 5:
            wrong = wrong or f"took {spent:.1f} s"
        if wrong:
            os.write(1, f"wrong {number} {wrong!r}\n".encode())
        if only:
            break
        number += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    os.write(1, f"done {number} {outcomes['pictures']} {outcomes['refused']} {peak}\n".encode())


def watch(options: argparse.Namespace) -> int:
    """In the parent: start children until the time is over, keep the bytes of every case that broke the law."""
    until, number, faults = time.monotonic() + options.minutes * 60, options.start, 0
    totals: Counter[str] = Counter()
    log = options.out / f"fuzz-{options.seed}.log"
    while (left := until - time.monotonic()) > 0:
        command = [sys.executable, "-W", "ignore", __file__, "--child", f"{min(left, 60):.1f}"]
        command += ["--seed", str(options.seed), "--start", str(number)]
        command += ["--pictures", str(options.pictures)] if options.pictures else []
        with log.open("wb") as said:
            child = subprocess.Popen(command, stdout=said, stderr=subprocess.DEVNULL)
            size, moved = -1, time.monotonic()
            while child.poll() is None:
                time.sleep(0.5)
                if log.stat().st_size != size:
                    size, moved = log.stat().st_size, time.monotonic()
                elif time.monotonic() - moved > HANG_S + 10:  # building the seeds takes a few seconds
                    child.kill()
                    child.wait()
        lines = log.read_text("utf-8", "replace").splitlines()
        bad = {int(line.split()[1]): line for line in lines if line.startswith("wrong")}
        last = next((line for line in reversed(lines) if line.startswith(("at", "done"))), f"at {number}")
        if last.startswith("done"):
            _, number, pictures, refused, peak = (int(w) if w.isdigit() else 0 for w in last.split())
            totals["pictures"] += pictures
            totals["refused"] += refused
            totals["peak"] = max(totals["peak"], peak)
        else:
            at = int(last.split()[1])
            bad[at] = f"the process ended with {child.returncode} in case {at}"
            number = at + 1
        for at, words in bad.items():
            faults += 1
            kept = options.out / f"fuzz-{options.seed}-{at}.bin"
            kept.write_bytes(case(options.seed, at, seeds(options.pictures)))
            print(f"{kept}: {words}", flush=True)
    print(
        f"seed {options.seed}: {number - options.start:,} cases, {totals['pictures']:,} decoded, "
        f"{totals['refused']:,} refused, {faults} broke the law, peak {totals['peak']:,} MB"
    )
    return 1 if faults else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--only", type=int, help="run this one case, in this process")
    parser.add_argument("--pictures", type=Path, help="real pictures to damage, beside the drawn ones")
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--child", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child or options.only is not None:
        start = options.start if options.only is None else options.only
        run_cases(options.seed, start, options.child or 60, options.pictures, options.only is not None)
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    return watch(options)


if __name__ == "__main__":
    sys.exit(main())
