# SPDX-License-Identifier: Apache-2.0
"""Reads a QR code off a picture of the screen, as a phone would: PNG to grey pixels by hand, pixels to
text by zbar. Nothing of the page's own markup is looked at."""
import struct
import zlib

import zbar


def grey(png):
    """Width, height and one byte a pixel, of an RGB or RGBA picture with 8 bits a channel."""
    at, data = 8, b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        chunk = png[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", chunk[:10])
            assert depth == 8 and colour in (2, 6), f"a PNG of depth {depth}, colour type {colour}"
        elif kind == b"IDAT":
            data += chunk
        at += length + 12
    step = 3 if colour == 2 else 4
    raw, stride, above, pixels = zlib.decompress(data), width * step, bytearray(width * step), bytearray()
    for y in range(height):
        line = bytearray(raw[y * (stride + 1):(y + 1) * (stride + 1)])
        how, line = line[0], line[1:]
        for i in range(stride):
            left = line[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            line[i] = (line[i] + predict(how, left, above[i], corner)) & 255
        pixels += bytes(line[i + 1] for i in range(0, stride, step))
        above = line
    return width, height, bytes(pixels)


def predict(how, left, up, corner):
    """PNG 9.2: what a filter adds to a byte."""
    if how == 4:
        p = left + up - corner
        return min((left, up, corner), key=lambda c: abs(p - c))
    return (0, left, up, (left + up) // 2)[how]


def read(png):
    """The texts of all QR codes in a picture."""
    width, height, pixels = grey(png)
    scanner = zbar.ImageScanner()
    scanner.parse_config("enable")
    image = zbar.Image(width, height, "Y800", pixels)
    scanner.scan(image)
    return [symbol.data for symbol in image if str(symbol.type) == "QRCODE"]
