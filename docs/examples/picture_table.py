#!/usr/bin/env python3
"""A live table of the picture that a copmesh node publishes on zenoh.

Needs: pip install -r docs/examples/requirements.txt
Use:   python3 docs/examples/picture_table.py                      # while `copmesh demo` runs
       python3 docs/examples/picture_table.py --once --json        # one snapshot, for scripts
       python3 docs/examples/picture_table.py --connect tcp/10.0.0.7:7447 --node alpha

The protobuf classes are made from proto/schema/copmesh.proto on the fly, so this file is all a console needs to begin:
ask for a snapshot, then apply the changes in order; when a sequence number is missing, ask again.
"""

import argparse
import importlib
import json
import math
import pathlib
import sys
import tempfile
import threading
import time

import zenoh
from grpc_tools import protoc

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "proto" / "schema"


def load_schema():
    """Compiles the schema and returns the module of its message classes."""
    with tempfile.TemporaryDirectory(prefix="copmesh-pb-") as folder:
        if protoc.main(["protoc", f"-I{SCHEMA}", f"--python_out={folder}", "copmesh.proto"]) != 0:
            sys.exit(f"cannot compile {SCHEMA}/copmesh.proto")
        sys.path.insert(0, folder)
        return importlib.import_module("copmesh_pb2")


def connect(endpoint):
    """A session with the node that listens there and nobody else."""
    config = zenoh.Config()
    config.insert_json5("mode", '"peer"')
    config.insert_json5("connect/endpoints", json.dumps([endpoint]))
    config.insert_json5("scouting/multicast/enabled", "false")
    return zenoh.open(config)


class PictureView:
    """The picture as this subscriber knows it: a snapshot, then changes in order."""

    def __init__(self, session, key, pb):
        self.session, self.key, self.pb = session, key, pb
        self.lock = threading.Lock()
        self.tracks, self.sequence, self.head, self.waiting = {}, None, None, []
        self.subscriber = session.declare_subscriber(key, self.on_change)

    def resync(self):
        """Asks for a snapshot; changes that arrive meanwhile are applied after it."""
        for reply in self.session.get(self.key, timeout=3.0):
            if reply.ok is None:
                continue
            picture = self.pb.Picture.FromString(reply.ok.payload.to_bytes())
            with self.lock:
                self.head, self.sequence = picture, picture.sequence
                self.tracks = {track.id: track for track in picture.tracks}
                waiting, self.waiting = self.waiting, []
                for change in waiting:
                    if change.sequence > picture.sequence:  # the snapshot knows of the others
                        self.apply(change)
            return True
        return False

    def on_change(self, sample):
        picture = self.pb.Picture.FromString(sample.payload.to_bytes())
        with self.lock:
            self.apply(picture)

    def apply(self, picture):
        if self.sequence is None or picture.sequence not in (self.sequence, self.sequence + 1):
            self.sequence = None  # a gap, or the node began anew: everything waits for the next snapshot
            self.waiting = (self.waiting + [picture])[-256:]
        elif picture.sequence == self.sequence + 1:
            self.head, self.sequence = picture, picture.sequence
            self.tracks.update({track.id: track for track in picture.tracks})
            for gone in picture.gone:
                self.tracks.pop(gone, None)


def row(pb, picture, track):
    """What the table shows of one track."""
    e = track.estimate
    speed = math.hypot(e.velocity_east_m_s, e.velocity_north_m_s)
    course = math.degrees(math.atan2(e.velocity_east_m_s, e.velocity_north_m_s)) % 360.0
    # The upper triangle row by row: element 0 is east variance, element 6 is north variance.
    sigma = math.sqrt((e.covariance[0] + e.covariance[6]) / 2.0)
    return {
        "name": track.name,
        "id": track.id,
        "status": pb.Status.Name(track.status).removeprefix("STATUS_").lower(),
        "address": track.identity.address,
        "callsign": track.identity.name,
        "lat_deg": round(e.position.latitude_deg, 5),
        "lon_deg": round(e.position.longitude_deg, 5),
        "height_m": round(e.position.height_m),
        "course_deg": round(course),
        "speed_m_s": round(speed, 1),
        "sigma_m": round(sigma, 1),
        "age_s": round((picture.time_ns - e.time_ns) / 1e9, 1),
        "sensors": list(track.sensors),
        "label": track.label.level,
    }


def print_table(pb, view, clear):
    with view.lock:
        picture, tracks = view.head, sorted(view.tracks.values(), key=lambda t: t.name)
        rows = [row(pb, picture, track) for track in tracks]
        mode = pb.Mode.Name(picture.mode).removeprefix("MODE_")
        sequence = view.sequence
    if clear:
        print("\x1b[H\x1b[2J", end="")
    print(f"{picture.node}  {mode}  {len(rows)} tracks  sequence {sequence}")
    print("name  status     address     callsign      lat       lon  height crs    m/s sigma  age sensors")
    for r in rows:
        print(
            f"{r['name']:5} {r['status']:9} {r['address']:11} {r['callsign']:9} {r['lat_deg']:9.4f} {r['lon_deg']:9.4f}"
            f" {r['height_m']:6} {r['course_deg']:03} {r['speed_m_s']:6.1f} {r['sigma_m']:5.0f} {r['age_s']:4.1f}"
            f" {' '.join(r['sensors'])}"
        )
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connect", default="tcp/127.0.0.1:7447", help="zenoh endpoint of the node")
    parser.add_argument("--node", default="*", help="name of the node (default: whichever answers)")
    parser.add_argument("--once", action="store_true", help="print one snapshot and leave")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--patience", type=float, default=10.0, help="seconds to wait for a node")
    arguments = parser.parse_args()

    pb = load_schema()
    with connect(arguments.connect) as session:
        view = PictureView(session, f"copmesh/1/{arguments.node}/picture", pb)
        deadline = time.monotonic() + arguments.patience
        while not view.resync():
            if time.monotonic() > deadline:
                sys.exit(f"no node answered at {arguments.connect} within {arguments.patience} s")
            time.sleep(0.2)
        while True:
            if view.sequence is None:
                view.resync()
            if arguments.json:
                with view.lock:
                    rows = [row(pb, view.head, track) for track in view.tracks.values()]
                print(json.dumps(rows), flush=True)
            else:
                print_table(pb, view, clear=not arguments.once and sys.stdout.isatty())
            if arguments.once:
                return
            time.sleep(1.0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
