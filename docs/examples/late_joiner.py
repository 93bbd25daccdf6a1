#!/usr/bin/env python3
"""A console that comes late: the whole picture first, then what changes, nothing lost and nothing twice.

Needs: pip install -r docs/examples/requirements.txt
Use:   python3 docs/examples/late_joiner.py                        # while `copmesh demo` runs
       python3 docs/examples/late_joiner.py --connect tcp/10.0.0.7:7447 --node alpha --seconds 60

One JSON object a line: what happened, the number of the picture, how many tracks there are, and a digest of them that
is the same for everybody who holds the same picture. How it works is told in docs/CONSOLE-API.md.
"""

import argparse
import hashlib
import json
import queue
import time

import zenoh

import picture_table


def digest(tracks):
    """The same for the same tracks, whoever holds them."""
    whole = hashlib.sha256()
    for key in sorted(tracks):
        whole.update(tracks[key].SerializeToString(deterministic=True))
    return whole.hexdigest()[:16]


class Joiner:
    """Subscribes first, then asks. What comes in between waits; its number tells whether the snapshot knew of it."""

    def __init__(self, session, node, pb):
        self.session, self.key, self.pb = session, f"copmesh/1/{node}/picture", pb
        self.events = queue.Queue()
        self.tracks, self.sequence, self.lost = {}, None, False
        self.alive = session.liveliness().declare_subscriber(
            f"copmesh/1/{node}/alive", lambda sample: self.events.put(("alive", sample)), history=True
        )
        self.changes = session.declare_subscriber(self.key, lambda sample: self.events.put(("change", sample)))

    def tell(self, what, **more):
        print(json.dumps({"what": what, **more}), flush=True)

    def tell_picture(self, what):
        self.tell(what, sequence=self.sequence, tracks=len(self.tracks), digest=digest(self.tracks))

    def ask(self):
        """Takes the snapshot of the first node that answers."""
        for reply in self.session.get(self.key, timeout=3.0):
            if reply.ok is not None:
                picture = self.pb.Picture.FromString(reply.ok.payload.to_bytes())
                self.sequence, self.tracks = picture.sequence, {track.id: track for track in picture.tracks}
                self.tell_picture("snapshot")
                return

    def take(self, picture):
        if self.sequence is None or picture.sequence <= self.sequence:
            return  # the snapshot knew of it, or will
        if picture.sequence > self.sequence + 1:
            self.tell("gap", after=self.sequence, before=picture.sequence)
            self.ask()
            return
        self.sequence = picture.sequence
        self.tracks.update({track.id: track for track in picture.tracks})
        for gone in picture.gone:
            self.tracks.pop(gone, None)
        self.tell_picture("change")

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.sequence is None:
                self.ask()
            try:
                kind, sample = self.events.get(timeout=0.2)
            except queue.Empty:
                continue
            if kind == "change":
                self.take(self.pb.Picture.FromString(sample.payload.to_bytes()))
            elif sample.kind == zenoh.SampleKind.PUT:
                self.tell("alive")
                if self.lost:
                    self.sequence, self.lost = None, False  # a new life counts from one again
            else:
                self.tell("gone")
                self.lost = True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connect", default="tcp/127.0.0.1:7447", help="zenoh endpoint of the node")
    parser.add_argument("--node", default="*", help="name of the node (default: whichever answers)")
    parser.add_argument("--seconds", type=float, default=1e9, help="how long to stay")
    arguments = parser.parse_args()
    with picture_table.connect(arguments.connect) as session:
        Joiner(session, arguments.node, picture_table.load_schema()).run(arguments.seconds)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
