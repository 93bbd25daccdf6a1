"""Compares this project's SAPIENT codec with sapient-msg (PyPI, MIT), an independent binding of BSI Flex 335 v2.0.

Run by tests/tests/oracle_sapient.rs, which answers the questions asked here on standard output:

    C <hex>    does the message keep the rules?   -> "ok", or "field: reason"
    D <hex>    what does a detection say?         -> JSON of what it was read as
    E <n>      the n-th message that is sent      -> hex; empty after the last

and passes on every line that starts with '#'. Messages without their length throughout.

Nothing is typed in here twice: which fields are mandatory, and which are identifiers, is read from the options that
the binding carries. From a filled message of each kind, every one of those rules is broken once.
"""

import json
import math
import sys

from google.protobuf import descriptor as d
from sapient_msg import proto_options_pb2 as options
from sapient_msg.bsi_flex_335_v2_0.sapient_message_pb2 import SapientMessage

ULID = "01GGYFBAXGDG7AGAHRZ6XSNY12"
UUID = "a8654cdf-4328-47de-81fa-c495589e30c8"
RULES = 121


def ask(verb, rest):
    print(verb, rest, flush=True)
    return sys.stdin.readline().rstrip("\n")


def said(field):
    return field.GetOptions().Extensions[options.field_options]


def must(field):
    return said(field).is_mandatory


def must_choose(choice):
    return choice.GetOptions().Extensions[options.oneof_options].is_mandatory


def repeated(field):
    return field.is_repeated if hasattr(field, "is_repeated") else field.label == d.FieldDescriptor.LABEL_REPEATED


def name(field):
    """As our tables call it: from the outermost message that is not the package."""
    return field.full_name.split("bsi_flex_335_v2_0.")[1]


# --- Filled messages ---


def fill(message, chosen, path=()):
    """Sets every field, of each choice one: the one named in `chosen`, else the first. A message holds itself once."""
    path = (*path, message.DESCRIPTOR.full_name)
    for field in message.DESCRIPTOR.fields:
        choice = field.containing_oneof
        if is_choice(choice) and field.name != chosen.get(choice.full_name, choice.fields[0].name):
            continue
        set_field(message, field, chosen, path)
    return message


def is_choice(choice):
    return choice is not None and not choice.name.startswith("_")


def set_field(message, field, chosen, path):
    if field.type == d.FieldDescriptor.TYPE_MESSAGE:
        if path.count(field.message_type.full_name) > 1:
            return
        inner = getattr(message, field.name)
        inner = inner.add() if repeated(field) else inner
        if not repeated(field):
            inner.SetInParent()
        if field.message_type.full_name == "google.protobuf.Timestamp":
            inner.seconds, inner.nanos = 1717236000, 250000000
        else:
            fill(inner, chosen, path)
        return
    value = scalar(field)
    if repeated(field):
        getattr(message, field.name).append(value)
    else:
        setattr(message, field.name, value)


def scalar(field):
    kind = field.type
    if kind == d.FieldDescriptor.TYPE_ENUM:
        return field.enum_type.values[1].number
    if kind == d.FieldDescriptor.TYPE_STRING:
        return ULID if said(field).is_ulid else UUID if said(field).is_uuid else "text"
    if kind == d.FieldDescriptor.TYPE_BYTES:
        return b"octets"
    if kind == d.FieldDescriptor.TYPE_BOOL:
        return True
    if kind in (d.FieldDescriptor.TYPE_DOUBLE, d.FieldDescriptor.TYPE_FLOAT):
        return 1.5
    return 1


def variants():
    """Every content, and of every choice within it every branch."""
    content = SapientMessage.DESCRIPTOR.oneofs_by_name["content"]
    for field in content.fields:
        base = {content.full_name: field.name}
        yield base
        for choice in choices(field.message_type, set()):
            for branch in choice.fields[1:]:
                yield {**base, choice.full_name: branch.name}


def choices(descriptor, seen):
    if descriptor.full_name in seen:
        return
    seen.add(descriptor.full_name)
    yield from (choice for choice in descriptor.oneofs if is_choice(choice))
    for field in descriptor.fields:
        if field.message_type is not None:
            yield from choices(field.message_type, seen)


# --- Broken messages ---


def places(message):
    """Every message within a message, itself first."""
    yield message
    for field, value in message.ListFields():
        if field.type == d.FieldDescriptor.TYPE_MESSAGE:
            for inner in value if repeated(field) else [value]:
                yield from places(inner)


def breaks(descriptor):
    """Ways to break the rules of a message: the rule's name, and what does it."""
    for field in descriptor.fields:
        if must(field):
            yield name(field), "missing", lambda m, f=field: m.ClearField(f.name)
        if said(field).is_ulid:
            yield name(field), "no ULID", lambda m, f=field: setattr(m, f.name, UUID)
        if said(field).is_uuid:
            yield name(field), "no UUID", lambda m, f=field: setattr(m, f.name, ULID)
    for choice in descriptor.oneofs:
        if is_choice(choice) and must_choose(choice):
            full = f"{descriptor.full_name.split('bsi_flex_335_v2_0.')[1]}.{choice.name}"
            yield full, "nothing chosen", lambda m, c=choice: m.ClearField(m.WhichOneof(c.name))


def broken():
    """(rule, how, message): each rule once in each way, in the first message where it can be broken."""
    done = set()
    for chosen in variants():
        whole = fill(SapientMessage(), chosen)
        count = sum(1 for _ in places(whole))
        for index in range(count):
            descriptor = next(m for i, m in enumerate(places(whole)) if i == index).DESCRIPTOR
            for rule, how, act in breaks(descriptor):
                if (rule, how) not in done:
                    copy = SapientMessage()
                    copy.CopyFrom(whole)
                    act(next(m for i, m in enumerate(places(copy)) if i == index))
                    done.add((rule, how))
                    yield rule, how, copy


# --- The comparison ---


def rules(wrong):
    valid = 0
    for chosen in variants():
        message = fill(SapientMessage(), chosen)
        answer = ask("C", message.SerializeToString().hex())
        valid += answer == "ok"
        if answer != "ok":
            wrong.append(f"valid {chosen}: {answer}")
    seen, refused, named = set(), 0, 0
    for rule, how, message in broken():
        answer = ask("C", message.SerializeToString().hex())
        seen.add(rule)
        refused += answer != "ok"
        named += answer.startswith(rule + ":")
        if not answer.startswith(rule + ":"):
            wrong.append(f"{rule} {how}: {answer}")
    total = sum(1 for _ in broken())
    print(f"# valid messages accepted: {valid}", flush=True)
    print(f"# broken messages refused: {refused} of {total}, by the field's name {named}", flush=True)
    print(f"# rules broken: {len(seen)}", flush=True)
    if len(seen) != RULES:
        wrong.append(f"{len(seen)} rules were broken, there are {RULES}")


def detections(wrong):
    """What we read of a detection, against what was put in."""
    cases = 0
    for units in range(1, 5):
        for azimuth, distance, elevation in [(10.0, 1.5, 2.0), (1.0, 0.75, None), (3.0, None, None)]:
            message = fill(SapientMessage(), {SapientMessage.DESCRIPTOR.full_name + ".content": "detection_report"})
            place = message.detection_report.range_bearing
            place.Clear()
            place.azimuth, place.coordinate_system, place.datum, place.azimuth_error = azimuth, units, 1, 0.1
            if distance is not None:
                place.range, place.range_error = distance, 0.25
            if elevation is not None and units in (1, 3):
                place.elevation = elevation
            angle = math.radians(1.0) if units in (1, 3) else 1.0
            metre = 1000.0 if units in (3, 4) else 1.0
            read = json.loads(ask("D", message.SerializeToString().hex()))
            expected = {"azimuth": (azimuth * angle) % (2 * math.pi), "azimuth_sigma": 0.1 * angle}
            if distance is not None:
                expected.update(range=distance * metre, range_sigma=0.25 * metre)
            if elevation is not None and units in (1, 3):
                expected["elevation"] = elevation * angle
            expected["time"] = 1717236000.25
            cases += 1
            if read.keys() != expected.keys() or not all(close(read[key], value) for key, value in expected.items()):
                wrong.append(f"detection: {read} for {expected}")
    print(f"# detections read as they were written: {cases}", flush=True)


def close(a, b):
    return abs(a - b) <= 1e-9 * max(1.0, abs(b))


def sent(wrong):
    """What we send is read, and all of it is known and set."""
    number, kinds = 0, set()
    while answer := ask("E", number):
        message = SapientMessage()
        message.ParseFromString(bytes.fromhex(answer))
        kinds.add(message.WhichOneof("content"))
        if message.SerializeToString(deterministic=True).hex() != answer:
            wrong.append(f"sent {number}: read and written again it differs")
        for inner in places(message):
            for field in inner.DESCRIPTOR.fields:
                if must(field) and not (len(getattr(inner, field.name)) if repeated(field) else present(inner, field)):
                    wrong.append(f"sent {number}: {name(field)} is missing")
        number += 1
    print(f"# messages of ours read: {number}, of the kinds {sorted(kinds)}", flush=True)


def present(message, field):
    return message.HasField(field.name) if field.has_presence else bool(getattr(message, field.name))


def main():
    wrong = []
    rules(wrong)
    detections(wrong)
    sent(wrong)
    for line in wrong[:20]:
        print("#", line, flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
