"""Bytes in, pixels out: the only place where a picture of unknown origin is decoded.

The format is read off the first bytes and must be one of `FORMATS`; size is checked before anything is
decoded; whatever the file's colour mode, rotation or transparency, what comes out is upright RGB on white.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import simplejpeg
from PIL import Image, ImageCms

from lookalike.errors import PictureError
from lookalike.types import Pixels

# What Pillow warns of (damaged EXIF, odd tags) either does not matter or ends in an error, which is ours to tell.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP")

_ORIENTATION = 0x0112  # EXIF 2.32, tag 274
_UPRIGHT: dict[int, Callable[[Pixels], Pixels]] = {
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: p.transpose(1, 0, 2)[:, ::-1],
    7: lambda p: p.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda p: p.transpose(1, 0, 2)[::-1],
}
_ON_ITS_SIDE = (5, 6, 7, 8)
_REFUSED = {
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript document",
    b"\xc5\xd0\xd3\xc6": "an EPS document",
    b"<svg": "an SVG drawing",
    b"<?xm": "an XML document",
    b"<!DO": "a web page",
    b"<htm": "a web page",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"8BPS": "a Photoshop document",
    b"\x00\x00\x01\x00": "an icon file",
    b"version https://git-lfs": "a Git LFS pointer",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture may cost, checked before it is decoded."""

    max_bytes: int = 40_000_000
    max_pixels: int = 80_000_000
    max_side: int = 30_000


class Decode(Protocol):
    """Bytes in, pixels out, as `decode` does it; a server does it where a crash is not its own."""

    def __call__(self, data: bytes, *, at_least: int | None = None) -> Pixels: ...


def sniff(data: bytes) -> str:
    """The format that the first bytes say, one of `FORMATS`; an error that says what else it seems to be."""
    if data[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis", b"mif1"):
        return "AVIF"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if data[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"):
        return "TIFF"
    if data[:2] == b"BM":
        return "BMP"
    what = _what_else(data)
    but = f"but {what}" if what else f"that is known: it begins with {data[:8]!r}"
    raise PictureError(f"not a picture {but}; use {', '.join(FORMATS)}")


def _what_else(data: bytes) -> str:
    """What the bytes are known to be; empty for what nobody knows."""
    if not data.strip():
        return "an empty file" if not data else "a file of blanks"
    start = data.lstrip()[:32]
    for mark, words in _REFUSED.items():
        if start.lower().startswith(mark.lower()):
            return words
    return ""


def decode(
    data: bytes, *, at_least: int | None = None, limits: Limits | None = None, exact: bool = False
) -> Pixels:
    """The picture in `data`, upright, RGB, transparent parts white, the first frame of an animation.

    at_least: the longer side that is needed, in pixels. A picture that is larger comes back smaller, though
    never below this: a JPEG is decoded straight at the nearest of its eighths (libjpeg-turbo's scaled IDCT),
    which costs a fraction of decoding it whole. None decodes at full size. exact: to the last bit as other
    programs decode it; else a JPEG is decoded faster, its colours off by a few levels.
    Raises `PictureError` for anything that is not a whole picture within the limits.
    """
    limits = limits or Limits()
    if len(data) > limits.max_bytes:
        raise PictureError(f"the picture has {len(data):,} bytes: at most {limits.max_bytes:,} are accepted")
    kind = sniff(data)
    try:
        pixels = _decode_jpeg(data, at_least, limits, fast=not exact) if kind == "JPEG" else None
        return pixels if pixels is not None else _decode_any(data, kind, at_least, limits)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(f"the {kind} picture has too many pixels: at most {limits.max_pixels:,}") from error
    except Exception as error:  # Pillow's decoders raise anything at all on damaged bytes
        reason = "truncated" if "truncated" in str(error) or "Premature" in str(error) else "damaged"
        raise PictureError(f"the {kind} picture is {reason}: {_fault(error)}") from error


def _fault(error: Exception) -> str:
    """A decoder's words on one line, without the address of the buffer."""
    words = " ".join(str(error).partition(" <_io.")[0].split())
    return words[:120] or type(error).__name__


def _decode_jpeg(data: bytes, at_least: int | None, limits: Limits, *, fast: bool) -> Pixels | None:
    """The fast way for the plain case; None sends the picture the general way."""
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return None
    check_size("JPEG", width, height, limits)
    if space in ("CMYK", "YCCK"):
        return None
    orientation = 1
    head = data[:262_144]
    if b"Exif\x00" in head or b"ICC_PROFILE" in head:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as header:
            if _conversion(header) is not None:
                return None
            orientation = _orientation(header)
    need_h, need_w = (0, 0) if at_least is None else (at_least, 0) if height >= width else (0, at_least)
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(
            data, "RGB", fastdct=fast, fastupsample=fast, min_height=need_h, min_width=need_w
        )
    except ValueError:  # a recoverable fault, which Pillow may tolerate, or a truncated file, which it will name
        return None
    return _upright(pixels, orientation)


def _decode_any(data: bytes, kind: str, at_least: int | None, limits: Limits) -> Pixels:
    with Image.open(io.BytesIO(data), formats=[kind]) as image:
        check_size(kind, image.width, image.height, limits)
        if at_least is not None and kind == "JPEG":
            image.draft(image.mode, (_scaled_side(image.width, image.height, at_least),) * 2)
        image.load()
        orientation = _orientation(image)
        flat = _on_white(image)
    if at_least is not None and (shrink := max(flat.width, flat.height) // at_least) >= 2:
        flat = flat.reduce(shrink)
    return _upright(np.asarray(flat, dtype=np.uint8), orientation)


def _scaled_side(width: int, height: int, at_least: int) -> int:
    """Pillow's draft keeps both sides at or above a size: ask for the shorter side that goes with the longer."""
    return max(1, -(-at_least * min(width, height) // max(width, height)))


def size_of(data: bytes, *, limits: Limits | None = None) -> tuple[int, int]:
    """Width and height of the upright picture in `data`, as its header says; nothing is decoded.

    Raises `PictureError` where `decode` would for the header.
    """
    kind = sniff(data)
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            check_size(kind, image.width, image.height, limits or Limits())
            lies = kind != "TIFF" and _orientation(image) in _ON_ITS_SIDE  # Pillow turns TIFFs by itself
            return (image.height, image.width) if lies else (image.width, image.height)
    except PictureError:
        raise
    except Exception as error:  # as in `decode`
        raise PictureError(f"the {kind} picture is damaged: {_fault(error)}") from error


def check_size(kind: str, width: int, height: int, limits: Limits) -> None:
    """Raises `PictureError` for a picture that is empty or too large."""
    if width < 1 or height < 1:
        raise PictureError(f"the {kind} picture has {width} x {height} pixels: it is empty")
    if width > limits.max_side or height > limits.max_side or width * height > limits.max_pixels:
        raise PictureError(
            f"the {kind} picture has {width:,} x {height:,} pixels: "
            f"at most {limits.max_pixels:,} in all and {limits.max_side:,} a side are accepted"
        )


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:
        return 1


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    turn = _UPRIGHT.get(orientation)
    return np.ascontiguousarray(turn(pixels) if turn else pixels)


def _on_white(image: Image.Image) -> Image.Image:
    """Any mode as RGB: profiles applied, 16-bit and float scaled to 8, transparency laid on white."""
    if image.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I", "F"):
        return Image.fromarray(_eight_bits(image)).convert("RGB")
    conversion = _conversion(image)
    if conversion is not None:
        image = ImageCms.applyTransform(image, conversion) or image
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0, neginf=0)
    top = (
        65_535.0
        if image.mode.startswith("I") and values.max(initial=0) > 255
        else max(values.max(initial=0), 1e-9)
    )
    if image.mode.startswith("I") and top <= 255:
        top = 255.0
    return np.clip(values / top * 255 + 0.5, 0, 255).astype(np.uint8)


def _conversion(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    """The way from the picture's own colour profile to sRGB; None where it has none, or has sRGB."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK"):
        return None
    return _to_srgb(bytes(profile), image.mode)


@lru_cache(maxsize=32)
def _to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if mode == "RGB" and "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None  # a damaged profile: the numbers are taken as sRGB
