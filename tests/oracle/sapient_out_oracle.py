"""Plays a SAPIENT middleware to a node, reading and writing with sapient-msg (PyPI, MIT).

Run by tests/tests/oracle_sapient_out.rs. It asks:

    P <port>    a node is to connect there                      -> "ok"
    T <JSON>    where an object is said to be, degrees, metres  -> "ok"
    S           how the node's way out is doing                 -> JSON

Every message must keep the rules that the binding carries, be of now as strict middlewares have it, and hold nothing
that the binding does not know.
"""

import json
import re
import socket
import struct
import sys
import time

import sapient_oracle as oracle
from sapient_msg.bsi_flex_335_v2_0.associated_detection_pb2 import AssociationRelation
from sapient_msg.bsi_flex_335_v2_0.sapient_message_pb2 import SapientMessage
from sapient_msg.bsi_flex_335_v2_0.status_report_pb2 import StatusReport
from sapient_msg.bsi_flex_335_v2_0.task_ack_pb2 import TaskAck

ask = oracle.ask
ME = "f0f1f2f3-0001-4002-8003-000000000001"
TASK = "01GGYFBAXGDG7AGAHRZ6XSNY12"
ULID = re.compile("[0-7][0-9A-HJKMNP-TV-Z]{25}")
UUID_4 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
GAP_S = 0.08


def read_exactly(connection, length):
    octets = b""
    while len(octets) < length:
        piece = connection.recv(length - len(octets))
        if not piece:
            raise AssertionError("the node closed the connection")
        octets += piece
    return octets


def receive(connection):
    """The next message, checked."""
    (length,) = struct.unpack("<I", read_exactly(connection, 4))
    octets = read_exactly(connection, length)
    message = SapientMessage()
    message.ParseFromString(octets)
    late = time.time() - message.timestamp.ToNanoseconds() / 1e9
    wrong = list(faults(message))
    if not -0.1 <= late <= 0.9:
        wrong.append(f"{late:.3f} s late")
    known = SapientMessage()
    known.CopyFrom(message)
    known.DiscardUnknownFields()
    if len(known.SerializeToString()) != length:
        wrong.append("something in it is unknown")
    if wrong:
        raise AssertionError(f"{wrong} in {message}")
    return message


def faults(message):
    for inner in oracle.places(message):
        for field in inner.DESCRIPTOR.fields:
            is_many = oracle.repeated(field)
            if oracle.must(field) and not (len(getattr(inner, field.name)) if is_many else oracle.present(inner, field)):
                yield f"{oracle.name(field)} is missing"
            text = getattr(inner, field.name)
            for is_one, form in [(oracle.said(field).is_ulid, ULID), (oracle.said(field).is_uuid, UUID_4)]:
                if is_one and text and not form.fullmatch(text):
                    yield f"{oracle.name(field)} is {text}"
        for choice in inner.DESCRIPTOR.oneofs:
            if oracle.is_choice(choice) and oracle.must_choose(choice) and inner.WhichOneof(choice.name) is None:
                yield f"nothing chosen in {choice.full_name}"


def send(connection, node, build):
    message = SapientMessage()
    message.timestamp.GetCurrentTime()
    message.node_id, message.destination_id = ME, node
    build(message)
    octets = message.SerializeToString()
    connection.sendall(struct.pack("<I", len(octets)) + octets)


def registered(listener):
    """A connection, and who the node says it is."""
    connection, _ = listener.accept()
    connection.settimeout(30)
    message = receive(connection)
    content = message.registration
    if message.WhichOneof("content") != "registration" or content.node_definition[0].node_type != 20:
        raise AssertionError(f"no registration of a fusion node: {message}")
    return connection, message.node_id, content


def silent(connection, seconds):
    connection.settimeout(seconds)
    try:
        raise AssertionError(f"said before it was taken: {connection.recv(64)!r}")
    except TimeoutError:
        connection.settimeout(30)


def tell(message, counts, last):
    """Has a detection compared, and looks at what lies between two of one object."""
    report, time_s = message.detection_report, message.timestamp.ToNanoseconds() / 1e9
    if time_s - last.get(report.object_id, 0.0) < GAP_S:
        raise AssertionError(f"two reports of {report.object_id} within {GAP_S} s")
    last[report.object_id] = time_s
    place = report.location
    parents = [{"node": one.node_id, "object": one.object_id, "is": AssociationRelation.Name(one.association_type),
                "age_s": time_s - one.timestamp.ToNanoseconds() / 1e9} for one in report.associated_detection]
    said = {"object": report.object_id, "name": report.id, "lat_deg": place.y, "lon_deg": place.x, "height_m": place.z,
            "lat_sigma_deg": place.y_error, "parents": parents, "info": {info.type: info.value for info in report.object_info}}
    answer = ask("T", json.dumps(said))
    if answer != "ok":
        raise AssertionError(answer)
    counts["detections"] += 1


def meet(connection, node, registration):
    """Takes the node, wants something done, and reads for twelve seconds."""
    send(connection, node, lambda message: setattr(message.registration_ack, "acceptance", True))
    send(connection, node, lambda message: (setattr(message.task, "task_id", TASK), setattr(message.task, "control", 1)))
    counts, last, statuses = {"detections": 0, "refused": 0}, {}, []
    end = time.monotonic() + 12
    while time.monotonic() < end:
        message = receive(connection)
        if message.node_id != node:
            raise AssertionError(f"somebody else: {message.node_id}")
        content = message.WhichOneof("content")
        if content == "detection_report":
            tell(message, counts, last)
        elif content == "status_report":
            statuses.append((message.timestamp.ToNanoseconds() / 1e9, message.status_report))
        elif content == "task_ack" and message.task_ack.task_status == TaskAck.TASK_STATUS_REJECTED:
            counts["refused"] += message.task_ack.task_id == TASK
        else:
            raise AssertionError(f"unexpected: {message}")
    modes = {mode.mode_name for mode in registration.mode_definition}
    interval = registration.status_definition.status_interval.value
    between = [after - before for (before, _), (after, _) in zip(statuses, statuses[1:])]
    if len(statuses) < 3 or max(between) > interval + 1.0 or any(status.mode not in modes for _, status in statuses):
        raise AssertionError(f"statuses {statuses}")
    if [status.info for _, status in statuses[-1:]] != [StatusReport.INFO_UNCHANGED]:
        raise AssertionError("the last status told something new")
    return counts, len(last), len(statuses)


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(60)
    ask("P", listener.getsockname()[1])
    first, node, _ = registered(listener)
    silent(first, 2)
    first.close()
    second, again, registration = registered(listener)
    if again != node:
        raise AssertionError(f"{node} came back as {again}")
    counts, objects, statuses = meet(second, node, registration)
    doing = json.loads(ask("S", ""))
    told = doing["counters"]
    if not doing["registered"] or doing["trouble"] or (told["tasks"], told["sent_back"], told["faults"]) != (1, 0, 0):
        raise AssertionError(doing)
    if counts["refused"] != 1 or doing["node_id"] != node:
        raise AssertionError(f"{counts} {doing}")
    print(f"# {counts['detections']} detections of {objects} objects and {statuses} statuses, none with a fault", flush=True)


if __name__ == "__main__":
    sys.exit(main())
