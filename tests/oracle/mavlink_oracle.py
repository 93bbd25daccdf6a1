"""Tells each frame of a recording, if one is named, and of generated messages: header and numbers, as pymavlink has them.

One line of JSON each: frame (hexadecimal), header (message, system, component, sequence), values (field, value as a
float of 32 bits; enumerations and flags are left out, they have names on the other side).
"""
import json
import random
import struct
import sys

from pymavlink.dialects.v20 import common

USED = [2, 24, 30, 31, 33, 111, 246, 265, 271, 275, 276, 285, 301, 12900, 12901, 12904, 12915]


def rounded(value):
    number = struct.unpack("<f", struct.pack("<f", value))[0]
    return None if number != number else number


def values(message):
    kinds = zip(message.fieldnames, message.fieldtypes)
    plain = [n for n, kind in kinds if n not in message.fieldenums_by_name and kind != "char"]
    told = [(name, getattr(message, name)) for name in plain]
    return [(name, rounded(value)) for name, value in told if isinstance(value, (int, float))]


def tell(message):
    header = [message.get_msgId(), message.get_srcSystem(), message.get_srcComponent(), message.get_seq()]
    line = {"frame": bytes(message.get_msgbuf()).hex(), "header": header}
    if message.get_type().startswith("UNKNOWN"):
        buffer = message.get_msgbuf()
        line["header"] = [int.from_bytes(buffer[7:10], "little"), buffer[5], buffer[6], buffer[4]]
    else:
        line["values"] = values(message)
    print(json.dumps(line))


def recorded(path):
    reader = common.MAVLink(None)
    reader.robust_parsing = True
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at + 8 < len(data):
        length = data[at + 9] + (12 if data[at + 8] == 0xFD else 8)
        signed = 13 if data[at + 8] == 0xFD and data[at + 10] & 1 else 0
        yield from reader.parse_buffer(data[at + 8 : at + 8 + length + signed]) or []
        at += 8 + length + signed


def generated():
    chance = random.Random(7)
    writer = common.MAVLink(None, srcSystem=3, srcComponent=100)
    reader = common.MAVLink(None)
    for number in USED:
        kind = common.mavlink_map[number]
        values = [
            0 if name in kind.fieldenums_by_name
            else b"AB" if field == "char"
            else [1] * length if length > 1 and field != "float"
            else [chance.uniform(-1, 1) for _ in range(length)] if length > 1
            else chance.uniform(-100, 100) if field == "float"
            else chance.randrange(0, 100)
            for name, field, length in zip(kind.fieldnames, kind.fieldtypes, lengths(kind))
        ]
        yield from reader.parse_buffer(kind(*values).pack(writer))


def lengths(kind):
    by_order = dict(zip(kind.ordered_fieldnames, kind.array_lengths))
    return [by_order[name] for name in kind.fieldnames]


for path in sys.argv[1:]:
    for message in recorded(path):
        tell(message)
for message in generated():
    tell(message)
