"""Compares the categories of drone radars, direction finders and system tracks with libasterix (PyPI, MIT).

Run by tests/tests/oracle_asterix_stations.rs. Beside the questions of asterix_oracle.py, whose generator of records and
whose comparison of every item both ways it uses, it asks:

    Q <hex>   decode into structs                     -> JSON of their values by path, in the units of the standard
    E <hex>   decode into structs and encode again    -> hex of a data block

and compares the values with libasterix's own conversion of the items that the structs keep.
"""

import json
import sys

import asterix_oracle as common
from asterix import base, generated

CATEGORIES = [
    generated.Cat_015_1_2,
    generated.Cat_205_1_0,
    generated.Cat_062_1_21,
    generated.Cat_063_1_7,
    generated.Cat_065_1_6,
]

# Of these, the structs hold what is wanted, and are encoded as well.
VALUED = {15, 205, 62, 65}

# What of an item is outside its range, which the structs refuse to write.
LIMITS = {
    15: {"602/HV/X": 5242.87, "602/HV/Y": 5242.87, "627/AZ": 360.0},
    205: {"070": 360.0, "080": 360.0, "200": 90.0},
}

TOLERANCE = 1e-9


def main():
    common.expect = lenient(common.expect)
    for category in CATEGORIES:
        common.compare_category(category)
        if category.cv_category in VALUED:
            compare_values(category)


def lenient(expect):
    """All but the question whether structs keep every bit: these keep what is wanted."""

    def checked(what, found, wanted):
        if what != "the structs keep every bit":
            expect(what, found, wanted)

    return checked


def compare_values(category):
    generator = common.Generator(common.SEED + 1)
    compared, seen = 0, set()
    for value in common.records_of(category, generator):
        record = category.cv_uap.cv_record.create(dict(value.theirs))
        octets = category.create([record]).unparse().to_bytes()
        theirs = quantities(category, octets)
        ours = json.loads(common.ask("Q", octets.hex()))
        compared += compare("decoded", ours, theirs, octets)
        seen.update(ours)
        if encodable(category, theirs):
            again = bytes.fromhex(common.ask("E", octets.hex()))
            compare("encoded", ours, quantities(category, again), again)
    print(
        f"# CAT{category.cv_category:03}: {compared} values of {len(seen)} elements agree in their units", flush=True
    )


def compare(what, ours, theirs, octets):
    for path, number in ours.items():
        if path not in theirs:
            raise AssertionError(f"{what}: {path} = {number} is not in {octets.hex()}")
        wanted = theirs[path]
        if abs(number - wanted) > TOLERANCE * max(1.0, abs(wanted)):
            raise AssertionError(f"{what}: {path} is {number}, libasterix has {wanted} in {octets.hex()}")
    return len(ours)


def encodable(category, theirs):
    """Whether a record holds nothing outside the range of its items."""
    limits = LIMITS.get(category.cv_category, {})
    return all(abs(theirs.get(path, 0.0)) < limit for path, limit in limits.items())


def quantities(category, octets):
    blocks = base.RawDatablock.parse(base.Bits.from_bytes(octets))
    records = category.cv_uap.parse(blocks[0].get_raw_records())
    found = {}
    for name, named in records[0].items_regular.items():
        gather(name, named.arg.arg, found)
    return found


def gather(path, variation, found):
    if isinstance(variation, base.Element):
        content = content_of(variation)
        if isinstance(content, base.ContentQuantity):
            found[path] = content._as_quantity()
        elif isinstance(content, base.ContentInteger):
            found[path] = content.as_integer()
        else:
            found[path] = variation.as_uint()
    elif isinstance(variation, base.Group):
        for entry in variation.arg:
            if isinstance(entry, base.Item):
                gather(f"{path}/{entry.arg.cv_name}", entry.arg.arg.arg, found)
    elif isinstance(variation, base.Extended):
        for entry in [entry for part in variation.arg for entry in part if isinstance(entry, base.Item)]:
            gather(f"{path}/{entry.arg.cv_name}", entry.arg.arg.arg, found)
    elif isinstance(variation, base.Compound):
        for name, named in variation.arg.items():
            gather(f"{path}/{name}", named.arg.arg, found)


def content_of(element):
    rule = element.__class__.cv_rule(element.bs)
    return rule._get_content() if isinstance(rule, base.RuleContentContextFree) else None


if __name__ == "__main__":
    sys.exit(main())
