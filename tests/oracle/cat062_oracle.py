"""Reads a node's CAT062 and CAT065 with libasterix (PyPI, MIT), and has each track compared with the node's own picture.

Run by tests/tests/oracle_cat062.rs. It asks:

    N                       -> the next datagram in hexadecimal, or "end"
    T <JSON>                a track as libasterix reads it, in the units of the standard -> "ok"
"""

import json
import sys

from asterix import base, generated

import asterix_stations_oracle as stations
from asterix_oracle import ask

CATEGORIES = {62: generated.Cat_062_1_21, 65: generated.Cat_065_1_6}


def main():
    counts, batches = {62: 0, 65: 0}, []
    while (datagram := ask("N")) != "end":
        for block in base.RawDatablock.parse(base.Bits.from_bytes(bytes.fromhex(datagram))):
            category = CATEGORIES[block.get_category()]
            for record in category.cv_uap.parse(block.get_raw_records()):
                found = {}
                for name, named in record.items_regular.items():
                    stations.gather(name, named.arg.arg, found)
                counts[block.get_category()] += 1
                if block.get_category() == 62:
                    ask("T", json.dumps(found))
                elif found["000"] == 2:
                    batches.append(found["020"])
    steps = {(after - before) % 256 for before, after in zip(batches, batches[1:])}
    if not counts[62] or steps - {1}:
        raise AssertionError(f"{counts[62]} tracks; batches {batches}")
    print(f"# {counts[62]} tracks and {counts[65]} reports in {len(batches)} batches, each as the picture has it", flush=True)


if __name__ == "__main__":
    sys.exit(main())
