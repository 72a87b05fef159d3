"""Bytes in, upright RGB on white out; whatever else comes in is a PictureError of one line."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from lookalike.errors import PictureError
from lookalike.media.decoding import Limits, decode, size_of, sniff
from lookalike.types import Pixels

RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 200, 20), (20, 20, 220), (255, 255, 255)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def corners(width: int = 96, height: int = 64) -> Image.Image:
    """Red, green, blue and white in the corners, clockwise from the top left: no turn leaves it as it was."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = RED, GREEN
    pixels[height // 2 :, width // 2 :], pixels[height // 2 :, : width // 2] = BLUE, WHITE
    return Image.fromarray(pixels)


def seen_in_corners(pixels: Pixels) -> list[str]:
    height, width = pixels.shape[:2]
    names = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE}
    places = [(height // 4, width // 4), (height // 4, 3 * width // 4)]
    places += [(3 * height // 4, 3 * width // 4), (3 * height // 4, width // 4)]
    return [min(names, key=lambda n: np.abs(pixels[at].astype(int) - names[n]).sum()) for at in places]


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8))


STORED_AS = {  # EXIF's number -> how the camera stored what is upright
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", STORED_AS)
def test_a_turned_picture_comes_out_upright(orientation: int, kind: str) -> None:
    turn = STORED_AS[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = corners() if turn is None else corners().transpose(turn)
    options = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    for at_least in (None, 40):
        pixels = decode(saved(stored, kind, exif=exif.tobytes(), **options), at_least=at_least)
        assert seen_in_corners(pixels) == ["red", "green", "blue", "white"]
        assert pixels.shape[1] > pixels.shape[0]
        assert pixels.flags.c_contiguous
    assert size_of(saved(stored, kind, exif=exif.tobytes(), **options)) == (96, 64)


@pytest.mark.parametrize("subsampling", [0, 2])
def test_an_exact_picture_has_the_bits_that_other_programs_see(subsampling: int) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (61, 83, 3)).astype(np.uint8)
    data = saved(Image.fromarray(noise), "JPEG", quality=80, subsampling=subsampling)
    np.testing.assert_array_equal(decode(data, exact=True), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_a_turn_that_does_not_exist_is_none(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert seen_in_corners(decode(saved(corners(), "JPEG", exif=exif.tobytes())))[0] == "red"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP"])
def test_every_format_is_known_by_its_bytes_whatever_the_file_is_called(kind: str) -> None:
    data = saved(corners(), kind)
    assert sniff(data) == kind
    pixels = decode(data)
    assert pixels.shape == (64, 96, 3)
    assert pixels.dtype == np.uint8
    assert seen_in_corners(pixels) == ["red", "green", "blue", "white"]


def test_a_progressive_jpeg_is_a_jpeg() -> None:
    assert seen_in_corners(decode(saved(corners(), "JPEG", progressive=True)))[2] == "blue"


@pytest.mark.parametrize("at_least", [None, 50])
def test_a_cmyk_jpeg_has_its_own_colours(at_least: int | None) -> None:
    """Pillow writes Adobe's marker, and so inverted inks, as Photoshop does."""
    data = saved(corners(400, 300).convert("CMYK"), "JPEG", quality=95)
    assert b"Adobe" in data
    assert seen_in_corners(decode(data, at_least=at_least)) == ["red", "green", "blue", "white"]


def test_a_cmyk_jpeg_without_adobes_marker_is_read_as_browsers_read_it() -> None:
    """They take the inks of every CMYK JPEG for inverted, and a shop's people look at it in a browser."""
    data = saved(corners().convert("CMYK"), "JPEG", quality=95)
    at = data.index(b"\xff\xee")
    length = struct.unpack(">H", data[at + 2 : at + 4])[0]
    plain = data[:at] + data[at + 2 + length :]
    assert b"Adobe" not in plain
    assert seen_in_corners(decode(plain)) == ["red", "green", "blue", "white"]


def test_sixteen_bits_of_grey_keep_their_shades() -> None:
    ramp = np.linspace(0, 65_535, 64, dtype=np.uint16)[None, :].repeat(8, axis=0)
    pixels = decode(saved(Image.fromarray(ramp), "PNG"))
    np.testing.assert_allclose(pixels[0, :, 0], ramp[0] / 257, atol=1)
    assert (pixels[..., 0] == pixels[..., 2]).all()


def png(width: int, height: int, bits: int, colour: int, body: bytes) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def test_sixteen_bits_of_red_green_and_blue_keep_their_shades() -> None:
    row = b"\x00" + struct.pack(">6H", 65_535, 0, 0, 0, 32_768, 65_535)
    assert decode(png(2, 1, 16, 2, row)).tolist() == [[[255, 0, 0], [0, 128, 255]]]


def test_transparency_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (4, 2), (200, 0, 0, 0))
    clear.putpixel((0, 0), (200, 0, 0, 255))
    clear.putpixel((1, 0), (200, 0, 0, 128))
    for kind in ("PNG", "TIFF"):
        pixels = decode(saved(clear, kind))
        assert pixels[0, 0].tolist() == [200, 0, 0]
        assert pixels[0, 1].tolist() == pytest.approx([227, 127, 127], abs=2)
        assert pixels[1, 3].tolist() == [255, 255, 255]


def test_a_palette_with_a_clear_colour_is_laid_on_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    for clear in (0, b"\x00\xff"):
        assert decode(saved(image, "PNG", transparency=clear)).tolist() == [[[255, 255, 255], [200, 100, 50]]]
    assert decode(saved(image, "GIF", transparency=0))[0, 0].tolist() == [255, 255, 255]


def test_grey_with_transparency_and_one_bit_come_out_as_rgb() -> None:
    grey = Image.new("LA", (2, 1), (40, 255))
    grey.putpixel((1, 0), (40, 0))
    assert decode(saved(grey, "PNG")).tolist() == [[[40] * 3, [255] * 3]]
    assert decode(saved(Image.new("1", (2, 1), 1), "PNG")).tolist() == [[[255] * 3] * 2]
    assert decode(saved(Image.new("L", (2, 1), 7), "JPEG", quality=100)).tolist() == [[[7] * 3] * 2]


def test_floats_are_scaled_to_what_can_be_seen() -> None:
    values = np.array([[0, 0.5, 1.0, np.nan]], np.float32)
    pixels = decode(saved(Image.fromarray(values), "TIFF"))
    assert pixels[0, :3, 0].tolist() == pytest.approx([0, 128, 255], abs=1)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_is_seen(kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in (RED, GREEN, BLUE)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    np.testing.assert_allclose(decode(data)[16, 16], RED, atol=12)


# -- refused ----------------------------------------------------------------------------------------


def test_no_bytes_are_an_empty_file() -> None:
    with pytest.raises(PictureError, match="an empty file"):
        decode(b"")


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"  \n<?xml version='1.0'?><svg/>", "XML"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
        (b"\xc5\xd0\xd3\xc6\x00", "EPS"),
        (b"<!doctype html><html>", "web page"),
        (b"<HTML><body>404", "web page"),
        (b"PK\x03\x04\x00", "ZIP"),
        (b"   \n", "blanks"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
        (b"\x00\x01\x02", "begins with"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, named: str) -> None:
    with pytest.raises(PictureError, match=named):
        decode(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_half_a_picture_is_an_error_and_not_half_grey(kind: str, share: float) -> None:
    data = saved(noise(200, 150), kind)
    with pytest.raises(PictureError, match=kind) as caught:
        decode(data[: int(len(data) * share)])
    assert "object at 0x" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("width", "height"), [(40_000, 40_000), (100_000, 10), (10, 100_000), (20_000, 5_000)])
def test_a_bomb_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    with pytest.raises(PictureError, match="pixels"):
        decode(png(width, height, 8, 2, b"\x00" * 1000))
    with pytest.raises(PictureError, match="pixels"):
        size_of(png(width, height, 8, 2, b"\x00" * 1000))


def test_limits_are_those_that_are_given() -> None:
    data = saved(noise(64, 48), "PNG")
    for limits in (Limits(max_bytes=100), Limits(max_pixels=64 * 48 - 1), Limits(max_side=63)):
        with pytest.raises(PictureError, match="at most"):
            decode(data, limits=limits)
    assert decode(data, limits=Limits(len(data), 64 * 48, 64)).shape == (48, 64, 3)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"]),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.floats(0, 1),
)
def test_damaged_bytes_are_a_picture_or_a_picture_error(
    kind: str, changes: list[tuple[float, int]], cut: float
) -> None:
    data = bytearray(SMALL[kind])
    for place, value in changes:
        data[int(place * len(data))] = value
    for at_least in (None, 16):
        try:
            pixels = decode(
                bytes(data[: int(len(data) * cut) + 1]), at_least=at_least, limits=Limits(max_pixels=10**6)
            )
        except PictureError as error:
            assert "\n" not in str(error)
            assert " at 0x" not in str(error)
        else:
            assert pixels.dtype == np.uint8
            assert pixels.ndim == 3


SMALL = {k: saved(noise(40, 30), k) for k in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")}


# -- no more than is needed -------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 900),
    height=st.integers(1, 900),
    at_least=st.integers(1, 400),
    kind=st.sampled_from(["RGB JPEG", "CMYK JPEG", "RGB PNG"]),
)
def test_scaled_decoding_is_never_below_what_is_needed(width: int, height: int, at_least: int, kind: str) -> None:
    mode, _, container = kind.partition(" ")
    data = saved(Image.new(mode, (width, height)), container)
    found = decode(data, at_least=at_least).shape[:2]
    assert max(found) >= min(at_least, max(width, height))
    assert max(found) < 2 * max(at_least, 1) + 16 or max(found) <= max(width, height)
    assert (found[0] - found[1]) * (height - width) >= 0


def test_a_large_jpeg_comes_back_near_the_size_that_is_needed() -> None:
    data = saved(noise(1600, 1200), "JPEG")
    assert decode(data, at_least=224).shape == (300, 400, 3)
    assert decode(data).shape == (1200, 1600, 3)


# -- profiles ---------------------------------------------------------------------------------------


def swapped_profile() -> bytes:
    """sRGB with the primaries of red and blue swapped: whoever applies it sees blue where red is stored."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    entries = {bytes(profile[132 + 12 * n : 136 + 12 * n]): 132 + 12 * n for n in range(count)}
    red, blue = entries[b"rXYZ"] + 4, entries[b"bXYZ"] + 4
    profile[red : red + 8], profile[blue : blue + 8] = profile[blue : blue + 8], profile[red : red + 8]
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be")).replace(b"sRGB", b"swap")


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("at_least", [None, 40])
def test_a_colour_profile_is_applied(kind: str, at_least: int | None) -> None:
    data = saved(corners(), kind, icc_profile=swapped_profile())
    assert seen_in_corners(decode(data, at_least=at_least)) == ["blue", "green", "red", "white"]


def test_srgb_and_a_damaged_profile_change_nothing() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = decode(saved(corners(), "PNG"))
    for profile in (srgb, b"not a profile"):
        np.testing.assert_allclose(decode(saved(corners(), "PNG", icc_profile=profile)), plain, atol=1)
