"""Compares this project's tables and scaled values of CAT010, CAT019, CAT020 and CAT021 with libasterix (PyPI, MIT).

Run by tests/tests/oracle_asterix_targets.rs, which answers the questions asked here on standard output:

    D <table> <hex>          describe a data block      -> JSON array of its records' items
    C <table> <json>         compose a record's items   -> hex of a data block
    V <table> <hex>          the values that are used   -> JSON object: path in the specification -> value in SI units

and passes on every line that starts with '#'. The records are generated as in asterix_oracle.py, by the specification
of libasterix itself: every item alone in every shape, every element at zero, at its limits and between.
"""

import json

from asterix_oracle import Generator, ask, expect, read_named, records_of
from asterix import base, generated

TABLES = {
    "010": generated.Cat_010_1_1,
    "019": generated.Cat_019_1_3,
    "020": generated.Cat_020_1_11,
    "021-0.23": generated.Cat_021_0_23,
    "021-0.26": generated.Cat_021_0_26,
    "021-2.7": generated.Cat_021_2_7,
}
SEED = 10_019_020_021
SI = {"": 1, None: 1, "m": 1, "s": 1, "°": 1, "m/s": 1, "NM/s": 1852, "FL": 30.48, "ft": 0.3048, "ft/min": 0.3048 / 60}


def parsed(category, octets):
    blocks = base.RawDatablock.parse(base.Bits.from_bytes(octets))
    assert not isinstance(blocks, ValueError) and len(blocks) == 1, blocks
    records = category.cv_uap.parse(blocks[0].get_raw_records())
    assert not isinstance(records, ValueError), records
    return records


def shown(record):
    return {name: read_named(named) for name, named in record.items_regular.items()}


def element(variation, path):
    """The element at the end of a path of names below an item."""
    for name in path:
        if isinstance(variation, base.Compound):
            variation = variation.arg[name].arg.arg
            continue
        if isinstance(variation, base.Extended):
            entries = [entry for part in variation.arg for entry in part if entry is not None]
        else:
            entries = variation.arg
        named = [entry.arg for entry in entries if isinstance(entry, base.Item)]
        variation = next(entry for entry in named if entry.cv_name == name).arg.arg
    return variation


def in_si(variation):
    content = variation.content if not callable(getattr(variation, "content", None)) else variation.content()
    if not hasattr(content, "as_quantity"):
        return variation.as_uint()
    return content.as_quantity() * SI[content.cv_unit]


def compare_values(name, record, values):
    for path, found in values.items():
        item, *rest = path.split("/")
        wanted = in_si(element(record.items_regular[item].arg.arg, rest))
        if abs(found - wanted) > 1e-9 * max(1.0, abs(wanted)):
            raise AssertionError(f"CAT{name} {path}: found {found}, wanted {wanted}")
    return len(values)


def compare_table(name, category):
    generator = Generator(SEED)
    records = compared = 0
    paths = set()
    for value in records_of(category, generator):
        record = category.cv_uap.cv_record.create(dict(value.theirs))
        octets = category.create([record]).unparse().to_bytes()
        expect("theirs encodes, ours decodes", json.loads(ask("D", name, octets.hex())), [value.ours])
        composed = ask("C", name, json.dumps(value.ours))
        expect("both encode alike", composed, octets.hex())
        record = parsed(category, octets)[0]
        expect("ours encodes, theirs decodes", shown(record), value.ours)
        values = json.loads(ask("V", name, octets.hex()))
        compared += compare_values(name, record, values)
        paths.update(values)
        records += 1
    unseen = [path for path, values in generator.seen.items() if len(values) < 2]
    expect("every element was seen with several values", unseen, [])
    print(
        f"# CAT{name}: {records} records, {len(category.cv_uap.cv_record.cv_items_dict)} items,"
        f" {len(generator.seen)} elements agree both ways; {compared} values of {len(paths)} paths in SI units",
        flush=True,
    )


def main():
    for name, category in TABLES.items():
        compare_table(name, category)


if __name__ == "__main__":
    main()
