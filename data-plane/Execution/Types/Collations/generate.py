#!/usr/bin/env python3
"""Writes uca.bin and general.bin, the weight tables of the Unicode collations, from Unicode's own data.

Usage: generate.py <allkeys.txt of UCA 9 or later>

uca.bin      primary weights of the Default Unicode Collation Element Table (UTS #10), contractions left out.
general.bin  characters of the basic plane whose weight in utf8mb4_general_ci is not their own number: the upper case of the first
             character of the canonical decomposition, by the Unicode 3.2 that Python carries for that purpose.
Format of both, raw deflate: u32 count, then per character u32 code point, u8 count of weights, u16 each; little-endian.
"""
import re
import struct
import sys
import unicodedata
import zlib


def write(name, entries):
    body = struct.pack("<I", len(entries))
    for code, weights in sorted(entries.items()):
        body += struct.pack("<IB%dH" % len(weights), code, len(weights), *weights)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    with open(name, "wb") as file:
        file.write(packer.compress(body) + packer.flush())


def uca(path):
    entries = {}
    for line in open(path, encoding="utf-8"):
        match = re.match(r"^([0-9A-F]+)\s*;\s*((?:\[[^\]]*\])+)", line)
        if match:
            primaries = [int(p, 16) for p in re.findall(r"\[[.*]([0-9A-F]{4})", match.group(2))]
            entries[int(match.group(1), 16)] = [p for p in primaries if p]
    return entries


def general():
    data = unicodedata.ucd_3_2_0
    entries = {0xDF: [0x53], 0x439: [0x419], 0x3F2: [0x3A3]}  # sharp s counts as one S; short i is a letter of its own
    for code in range(0x10000):
        if 0xD800 <= code < 0xE000 or code in entries or code == 0x419 or data.category(chr(code)) == "Cn":
            continue
        base = chr(code)
        european = (code < 0x530 or 0x1E00 <= code < 0x2000) and data.category(base).startswith("L")
        while european and re.fullmatch("[0-9A-F]+ [0-9A-F]+", data.decomposition(base)):
            base = chr(int(data.decomposition(base).split()[0], 16))
        upper = base.upper()
        known = len(upper) == 1 and ord(upper) < 0x10000 and data.category(upper) != "Cn"
        weight = ord(upper) if known else ord(base)
        if weight != code:
            entries[code] = [weight]
    return entries


if __name__ == "__main__":
    write("uca.bin", uca(sys.argv[1]))
    write("general.bin", general())
