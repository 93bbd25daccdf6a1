"""Tells 500 packets of MISB ST 0601 with values from a seed, and what klvdata reads from each.

One line of JSON each: packet (hexadecimal, with a right checksum), values (a real number by the number of its tag).
"""
import json
import random

from klvdata import StreamParser

KEY = bytes.fromhex("060e2b34020b01010e01030101000000")
# Tags read by both sides, and how many octets each has.
OCTETS = {
    5: 2, 13: 4, 14: 4, 15: 2, 16: 2, 17: 2, 18: 4, 19: 4, 20: 4, 21: 4, 23: 4, 24: 4, 25: 2, 40: 4, 41: 4, 42: 2,
    45: 2, 46: 2, 75: 2, 78: 2, 90: 4, 91: 4,
}
# Sent without their longer forms in every other packet, so that they are read too.
SHORT = {6: 2, 7: 2}


def checksum(octets):
    return sum(octet << 8 * (1 - at % 2) for at, octet in enumerate(octets)) & 0xFFFF


def packet(chance, tags):
    items = bytes([2, 8]) + chance.randrange(1 << 52).to_bytes(8, "big")
    for tag, octets in tags.items():
        items += bytes([tag, octets]) + chance.randbytes(octets)
    head = KEY + bytes([0x81, len(items) + 4]) + items + bytes([1, 2])
    return head + checksum(head).to_bytes(2, "big")


def main():
    chance = random.Random(601)
    for number in range(500):
        tags = {tag: octets for tag, octets in OCTETS.items() if number % 2 == 0 or tag < 90}
        if number % 2:
            tags |= SHORT
        octets = packet(chance, tags)
        (read,) = StreamParser(octets)
        values = {tag: read.items[bytes([tag])].value.value for tag in tags}
        print(json.dumps({"packet": octets.hex(), "values": values}))


main()
