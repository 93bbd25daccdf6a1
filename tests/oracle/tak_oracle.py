"""Receives a node's picture with other people's TAK software: taky (PyPI, MIT) as a server, with and without
certificates, pytak and takproto (PyPI, Apache-2.0) as clients of it and of the node itself.

Run by tests/tests/oracle_tak.rs:

    tak_oracle.py papers FOLDER           makes authorities, and certificates for a server, clients and a stranger
    tak_oracle.py meet FOLDER JSON        runs taky and the clients until each has seen all tracks, then prints what
                                          they saw as one JSON object; JSON tells ports and how many tracks there are
"""

import asyncio
import configparser
import glob
import json
import os
import ssl
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytak
import takproto

# A client that has not seen everything by then says what it has seen.
PATIENCE_S = 60
BIN = os.path.dirname(sys.executable)


# taky asks a module that setuptools no longer has for taky's version, and for nothing else.
PKG_RESOURCES = """
import importlib.metadata

class DistributionNotFound(Exception):
    pass

def get_distribution(name):
    return type("Distribution", (), {"version": importlib.metadata.version(name)})
"""


def environment(folder):
    """In which taky runs."""
    modules = os.path.join(folder, "modules")
    os.makedirs(modules, exist_ok=True)
    with open(os.path.join(modules, "pkg_resources.py"), "w", encoding="utf8") as out:
        out.write(PKG_RESOURCES)
    return {**os.environ, "PYTHONPATH": modules}


def papers(folder):
    """An authority with a server and two clients, and another authority with a client whom nobody knows."""
    authority(folder, "taky", ("copmesh", "phone"))
    authority(folder, "others", ("stranger",))


def authority(folder, name, clients):
    site, env = os.path.join(folder, name), environment(folder)
    quiet = {"check": True, "env": env, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    setup = ["setup", "--public-ip", "127.0.0.1", "--host", "localhost", "--bind-ip", "127.0.0.1", site]
    subprocess.run([f"{BIN}/takyctl", *setup], **quiet)
    for client in clients:
        build = ["-c", f"{site}/taky.conf", "build_client", "--dump_pem", client]
        subprocess.run([f"{BIN}/takyctl", *build], **quiet)
        for kind in ("crt", "key"):
            (found,) = glob.glob(f"{folder}/{client}-*.{kind}")
            os.rename(found, f"{folder}/{client}.{kind}")
    # Keys that others may read are refused.
    for key in (f"{site}/ssl/server.key", *(f"{folder}/{client}.key" for client in clients)):
        os.chmod(key, 0o600)


def taky(folder, name, port, is_secure):
    """Starts a server in a copy of the site, on a port of its own."""
    config = configparser.ConfigParser(allow_no_value=True)
    config.read(f"{folder}/taky/taky.conf")
    config.set("cot_server", "port", str(port))
    config.set("cot_server", "mon_ip", None)
    config.set("cot_server", "mon_port", "")
    config.set("ssl", "enabled", "true" if is_secure else "false")
    root = os.path.join(folder, name)
    os.makedirs(root, exist_ok=True)
    config.set("taky", "root_dir", root)
    for key in ("ca", "ca_key", "server_p12", "cert", "key", "cert_db"):
        path = config.get("ssl", key, fallback=None)
        if path:
            config.set("ssl", key, os.path.join(folder, "taky", path))
    path = os.path.join(root, "taky.conf")
    with open(path, "w", encoding="utf8") as out:
        config.write(out)
    log = open(os.path.join(root, "log"), "w", encoding="utf8")
    return subprocess.Popen([f"{BIN}/taky", "-c", path], env=environment(folder), stdout=log, stderr=subprocess.STDOUT)


def section(folder, url):
    parser = configparser.ConfigParser()
    parser["tak"] = {
        "COT_URL": url,
        "PYTAK_TLS_CLIENT_CERT": f"{folder}/phone.crt",
        "PYTAK_TLS_CLIENT_KEY": f"{folder}/phone.key",
        "PYTAK_TLS_CLIENT_CAFILE": f"{folder}/taky/ssl/ca.crt",
        "PYTAK_TLS_DONT_CHECK_HOSTNAME": "1",
        "TAK_PROTO": "0",
    }
    return parser["tak"]


def own_position(name):
    """What a handheld says of itself."""
    event = ET.fromstring(pytak.gen_cot(lat=52.0, lon=21.0, uid=name, stale=60, cot_type="a-f-G-U-C"))
    detail = event.find("detail")
    ET.SubElement(detail, "takv", platform="test", device="test", os="1", version="1")
    ET.SubElement(detail, "__group", name="Cyan", role="Team Member")
    return ET.tostring(event)


def of_xml(data):
    event = ET.fromstring(data[data.index(b"<event"):])
    point, contact = event.find("point"), event.find("detail/contact")
    return event.get("uid"), {
        "type": event.get("type"),
        "how": event.get("how"),
        "access": event.get("access"),
        "lat": float(point.get("lat")),
        "lon": float(point.get("lon")),
        "ce": float(point.get("ce")),
        "callsign": contact.get("callsign") if contact is not None else None,
    }


def of_protobuf(data):
    event = takproto.parse_proto(bytearray(data)).cotEvent
    return event.uid, {
        "type": event.type,
        "how": event.how,
        "access": event.access,
        "lat": event.lat,
        "lon": event.lon,
        "ce": event.ce,
        "callsign": event.detail.contact.callsign or None,
    }


async def connected(connect):
    """Tries until somebody listens there."""
    while True:
        try:
            return await connect()
        except OSError:
            await asyncio.sleep(0.3)


async def stranger(folder, port):
    """Connects with a certificate that the listener's authority did not sign; gives what it is told."""
    context = ssl.create_default_context(cafile=f"{folder}/taky/ssl/ca.crt")
    context.load_cert_chain(f"{folder}/stranger.crt", f"{folder}/stranger.key")
    # That somebody listens is known first, so that what fails then is TLS.
    _, first = await connected(lambda: asyncio.open_connection("localhost", port))
    first.close()
    try:
        reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
        writer.write(own_position("stranger"))
        return f"it was spoken to: {await asyncio.wait_for(reader.read(1), PATIENCE_S)}"
    except ssl.SSLError as alert:
        return str(alert)


class Client:
    """Collects events by uid until it has seen all tracks, and whoever else it looks for."""

    def __init__(self, tracks, others=()):
        self.tracks, self.others, self.seen = tracks, others, {}

    def take(self, event):
        uid, told = event
        self.seen[uid] = told

    def is_content(self):
        tracks = [uid for uid, told in self.seen.items() if uid.count("-") == 2 and told["type"].startswith("a-")]
        return len(tracks) >= self.tracks and all(other in self.seen for other in self.others)

    async def stream(self, config, name, patience):
        """Over a connection, which is tried until it stands."""
        reader, writer = await connected(lambda: pytak.protocol_factory(config))
        writer.write(own_position(name))
        worker = pytak.RXWorker(asyncio.Queue(), config, reader)
        async with asyncio.timeout(patience):
            while not self.is_content():
                data = await worker.readcot()
                if data is None:
                    return
                self.take(of_xml(data))

    async def negotiate(self, port, patience):
        """Over a connection, in the protobuf protocol, which the server offers first."""
        reader, writer = await connected(lambda: asyncio.open_connection("127.0.0.1", port))
        offer = ET.fromstring((await reader.readuntil(b"</event>")).split(b"?>")[-1])
        assert offer.get("type") == "t-x-takp-v", offer.get("type")
        request = ET.fromstring(pytak.gen_cot(uid=offer.get("uid"), cot_type="t-x-takp-q", stale=60))
        control = ET.SubElement(request.find("detail"), "TakControl")
        ET.SubElement(control, "TakRequest", version="1")
        writer.write(ET.tostring(request))
        async with asyncio.timeout(patience):
            while True:
                event = ET.fromstring((await reader.readuntil(b"</event>")).split(b"?>")[-1])
                if event.get("type") == "t-x-takp-r":
                    assert event.find("detail/TakControl/TakResponse").get("status") == "true"
                    break
            while not self.is_content():
                head = await reader.readexactly(1)
                assert head == b"\xbf", head
                length, shift, varint = 0, 0, b""
                while True:
                    octet = await reader.readexactly(1)
                    varint += octet
                    length |= (octet[0] & 0x7F) << shift
                    shift += 7
                    if not octet[0] & 0x80:
                        break
                self.take(of_protobuf(head + varint + await reader.readexactly(length)))

    async def datagrams(self, config, read, patience):
        reader, _ = await pytak.protocol_factory(config)
        async with asyncio.timeout(patience):
            while not self.is_content():
                data, _ = await reader.recv()
                self.take(read(data))


async def meet(folder, want):
    tracks, ports = want["tracks"], want["ports"]
    local = "127.0.0.1"
    clients = {
        "taky": Client(tracks),
        "taky with certificates": Client(tracks),
        "handheld": Client(tracks, ["phone-2"]),
        "second handheld": Client(tracks, ["phone-1"]),
        "handheld with certificates": Client(tracks),
        "handheld, protobuf": Client(tracks),
        "group, XML": Client(tracks),
        "datagrams, protobuf": Client(tracks),
    }
    streams = [
        ("taky", f"tcp://{local}:{ports['taky']}", "watcher-1"),
        ("taky with certificates", f"tls://{local}:{ports['taky_tls']}", "watcher-2"),
        ("handheld", f"tcp://{local}:{ports['listen']}", "phone-1"),
        ("second handheld", f"tcp://{local}:{ports['listen']}", "phone-2"),
        ("handheld with certificates", f"tls://{local}:{ports['listen_tls']}", "phone-3"),
    ]
    tasks = [clients[who].stream(section(folder, url), name, PATIENCE_S) for who, url, name in streams]
    tasks.append(clients["handheld, protobuf"].negotiate(ports["listen"], PATIENCE_S))
    group = section(folder, f"udp+ro://239.2.3.1:{ports['group']}")
    group["PYTAK_MULTICAST_LOCAL_ADDR"] = local
    tasks.append(clients["group, XML"].datagrams(group, of_xml, PATIENCE_S))
    single = section(folder, f"udp+ro://{local}:{ports['datagrams']}")
    tasks.append(clients["datagrams, protobuf"].datagrams(single, of_protobuf, PATIENCE_S))
    *failures, refusal = await asyncio.gather(
        *tasks, stranger(folder, ports["listen_tls"]), return_exceptions=True
    )
    for client, failure in zip(clients, failures):
        if failure is not None:
            print(f"{client}: {failure!r}", file=sys.stderr)
    return {"seen": {who: client.seen for who, client in clients.items()}, "stranger": str(refusal)}


def main():
    command, folder = sys.argv[1:3]
    if command == "papers":
        papers(folder)
        return
    want = json.loads(sys.argv[3])
    ports = want["ports"]
    servers = [taky(folder, "plain", ports["taky"], False), taky(folder, "secure", ports["taky_tls"], True)]
    try:
        print(json.dumps(asyncio.run(meet(folder, want))))
    finally:
        for server in servers:
            server.terminate()


main()
