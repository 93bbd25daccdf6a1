"""A console that subscribes and never takes what it is told. Says so, then sleeps.

Use: stuck_console.py ENDPOINT
"""

import sys
import time

import zenoh

config = zenoh.Config()
config.insert_json5("mode", '"peer"')
config.insert_json5("connect/endpoints", f'["{sys.argv[1]}"]')
config.insert_json5("scouting/multicast/enabled", "false")
with zenoh.open(config) as session:
    # Nobody empties this channel; once it is full, nothing more is read from the network.
    kept = session.declare_subscriber("copmesh/1/*/**", zenoh.handlers.FifoChannel(1))
    print("subscribed", flush=True)
    time.sleep(1e6)
