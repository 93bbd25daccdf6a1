"""Decodes AIS sentences with pyais: one JSON object a line for each whole message that tells of a place or a name.

usage: ais_oracle.py FILE reads sentences, one a line, and prints its messages {"type", "mmsi", "lat", "lon", "speed",
"course", "name", "raw"}, raw being the sentences; what pyais cannot decode is left out, and so is what it decodes
although the checksum is wrong.
"""

import json
import sys

from pyais.exceptions import AISBaseException
from pyais.stream import IterMessages


def lines(path):
    with open(path, "rb") as file:
        yield from (line.strip() for line in file)


def told(sentence):
    said = sentence.decode().asdict()
    return {
        "type": said["msg_type"],
        "mmsi": int(said["mmsi"]),
        "lat": said.get("lat"),
        "lon": said.get("lon"),
        "speed": said.get("speed"),
        "course": said.get("course"),
        "name": said.get("shipname") or None,
        "raw": sentence.raw.decode(),
    }


def main():
    for sentence in IterMessages(lines(sys.argv[1])):
        try:
            if sentence.is_valid:
                print(json.dumps(told(sentence)))
        except (AISBaseException, ValueError, KeyError):
            continue


main()
