#!/usr/bin/env python3
"""Where a track was: asks a copmesh node for what it has kept.

Needs: pip install -r docs/examples/requirements.txt
Use:   python3 docs/examples/track_history.py                      # of every track that is there now
       python3 docs/examples/track_history.py --id ID --last 600   # of one, in the last ten minutes

One JSON object a line and track. How it works is told in docs/CONSOLE-API.md.
"""

import argparse
import json
import sys

import picture_table


def ask(session, selector, message):
    """The first answer to a selector, or why there is none."""
    why = "nobody answered"
    for reply in session.get(selector, timeout=5.0):
        if reply.ok is not None:
            return message.FromString(reply.ok.payload.to_bytes()), None
        why = reply.err.payload.to_string()
    return None, why


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connect", default="tcp/127.0.0.1:7447", help="zenoh endpoint of the node")
    parser.add_argument("--node", default="*", help="name of the node (default: whichever answers)")
    parser.add_argument("--id", help="one track, by its id")
    parser.add_argument("--last", type=float, help="so many seconds (default: all that is kept)")
    parser.add_argument("--max", type=int, default=1000, help="points at the most")
    arguments = parser.parse_args()
    pb = picture_table.load_schema()
    with picture_table.connect(arguments.connect) as session:
        node = f"copmesh/1/{arguments.node}"
        span, why = ask(session, f"{node}/history/span", pb.HistorySpan)
        if span is None:
            sys.exit(why)
        start = span.from_ns if arguments.last is None else span.to_ns - int(arguments.last * 1e9)
        then, why = ask(session, f"{node}/history/picture?at={span.to_ns}", pb.Picture)
        ids = [arguments.id] if arguments.id else [track.id for track in then.tracks]
        for track in ids:
            selector = f"{node}/history/track/{track}?from={start};to={span.to_ns};max={arguments.max}"
            way, why = ask(session, selector, pb.TrackHistory)
            if way is None:
                print(json.dumps({"id": track, "error": why}), flush=True)
                continue
            points = [
                {
                    "time_ns": point.estimate.time_ns,
                    "lat_deg": round(point.estimate.position.latitude_deg, 6),
                    "lon_deg": round(point.estimate.position.longitude_deg, 6),
                    "status": pb.Status.Name(point.status).removeprefix("STATUS_").lower(),
                }
                for point in way.points
            ]
            callsigns = [said.identity.name for said in way.identities]
            told = {"id": way.id, "name": way.name, "callsigns": callsigns, "kept": way.kept, "points": points}
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
