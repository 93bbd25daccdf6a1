"""Reads a node's CAT062 and CAT065 with asterix-decoder (PyPI, GPL-3.0), a second opinion beside cat062_oracle.py.

Run by tests/tests/oracle_cat062.rs, which is asked the same:

    N                       -> the next datagram in hexadecimal, or "end"
    T <JSON>                a track as asterix-decoder reads it, in the units of the standard -> "ok"

The decoder lies in a folder of its own, since its module bears the name of libasterix's.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(sys.prefix) / "decoder"))

import asterix


def ask(*words):
    print(*words, flush=True)
    answer = sys.stdin.readline().strip()
    if not answer or answer.startswith("!"):
        raise AssertionError(answer or "nobody answers")
    return answer


def number(record, item, field):
    return record[item][field]["val"]


def main():
    counts = {62: 0, 65: 0}
    while (datagram := ask("N")) != "end":
        for record in asterix.parse(bytes.fromhex(datagram), verbose=False):
            counts[record["category"]] += 1
            if record["category"] != 62:
                continue
            track = {
                "010/SAC": number(record, "I010", "SAC"),
                "010/SIC": number(record, "I010", "SIC"),
                "070": number(record, "I070", "ToT"),
                "105/LAT": number(record, "I105", "Lat"),
                "105/LON": number(record, "I105", "Lon"),
                "185/VX": number(record, "I185", "Vx"),
                "185/VY": number(record, "I185", "Vy"),
                "380/ADR": int(record["I380"]["ADR"]["ADR"]["val"], 16),
            }
            ask("T", json.dumps(track))
    if not all(counts.values()):
        raise AssertionError(f"records by category: {counts}")
    print(f"# {counts[62]} tracks and {counts[65]} reports, each track as the picture has it", flush=True)


if __name__ == "__main__":
    sys.exit(main())
