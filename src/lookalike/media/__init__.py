"""Bytes in, pixels out: fetching, decoding, framing and the colours of a picture."""
