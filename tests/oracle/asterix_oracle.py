"""Compares this project's ASTERIX codec with libasterix (PyPI, MIT), item by item, both ways.

Run by tests/tests/oracle_asterix.rs, which answers the questions asked here on standard output:

    D <hex>                  describe a data block      -> JSON array of its records' items
    C <category> <json>      compose a record's items   -> hex of a data block
    T <hex>                  decode into structs and encode again -> hex

and passes on every line that starts with '#'. Records are generated from libasterix's own specifications by a fixed
seed: every item alone, every number of parts, every subfield, every element at zero, at its limits and between. The
values that went in are the reference; neither codec is trusted with producing them.
"""

import json
import random
import sys

from asterix import base, generated

CATEGORIES = [generated.Cat_048_1_32, generated.Cat_034_1_29]
RANDOM_RECORDS = 600
SEED = 48_034


class Value:
    """A value in both forms: as libasterix takes it, and as JSON."""

    def __init__(self, theirs, ours):
        self.theirs = theirs
        self.ours = ours


class Generator:
    """Draws values by specification and notes which elements have taken which extremes."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.seen = {}

    def element(self, path, bits):
        extremes = [0, (1 << bits) - 1, 1, 1 << (bits - 1)]
        number = self.random.choice(extremes + [self.random.getrandbits(bits)] * 4)
        self.seen.setdefault(path, set()).add(number)
        return Value(number, number)

    def variation(self, path, spec, choice=None):
        if issubclass(spec, base.Element):
            return self.element(path, spec.cv_bit_size)
        if issubclass(spec, base.Group):
            return self.group(path, [item for item, _ in spec.cv_items_list])
        if issubclass(spec, base.Extended):
            return self.extended(path, spec, choice)
        if issubclass(spec, base.Repetitive):
            return self.repetitive(path, spec, choice)
        if issubclass(spec, base.Explicit):
            length = self.random.randrange(0, 20) if choice is None else choice
            octets = self.random.randbytes(length)
            self.seen.setdefault(path, set()).add(length)
            return Value(octets, octets.hex())
        if issubclass(spec, base.Compound):
            return self.compound(path, spec.cv_items_list, choice)
        raise TypeError(spec)

    def group(self, path, items):
        theirs, ours = [], {}
        for item in items:
            if issubclass(item, base.Spare):
                theirs.append(0)
                continue
            named = item.cv_non_spare
            value = self.variation(f"{path}/{named.cv_name}", variation_of(named))
            theirs.append(value.theirs)
            ours[named.cv_name] = value.ours
        return Value(tuple(theirs), ours)

    def extended(self, path, spec, choice):
        parts = spec.cv_items_list
        count = self.random.randint(1, len(parts)) if choice is None else choice
        theirs, ours = [], {}
        for part in parts[:count]:
            value = self.group(path, [entry[0] for entry in part if entry is not None])
            theirs.append(value.theirs + (None,))
            ours.update(value.ours)
        return Value(theirs, ours)

    def repetitive(self, path, spec, choice):
        least = 1 if spec.cv_rep_bytes is None else 0
        count = self.random.randint(least, 5) if choice is None else choice
        values = [self.variation(path, spec.cv_variation) for _ in range(count)]
        return Value([value.theirs for value in values], [value.ours for value in values])

    def compound(self, path, specs, choice):
        theirs, ours = {}, {}
        for index, named in enumerate(specs):
            wanted = self.random.random() < 0.5 if choice is None else choice == index
            if named is not None and wanted:
                value = self.variation(f"{path}/{named.cv_name}", variation_of(named))
                theirs[named.cv_name] = value.theirs
                ours[named.cv_name] = value.ours
        return Value(theirs, ours)


def variation_of(named):
    return named.cv_rule.cv_variation


def choices(spec):
    """Every shape that an item can take, for items that have several."""
    if issubclass(spec, base.Extended):
        return list(range(1, len(spec.cv_items_list) + 1))
    if issubclass(spec, base.Repetitive):
        return [1, 2, 3, 40] if spec.cv_rep_bytes is None else [0, 1, 2, 3, 255]
    if issubclass(spec, base.Explicit):
        return [0, 1, 254]
    if issubclass(spec, base.Compound):
        return [index for index, named in enumerate(spec.cv_items_list) if named is not None] + [-1]
    return [None]


def records_of(category, generator):
    """Every item alone in every shape, then random records."""
    items = category.cv_uap.cv_record.cv_items_dict
    for name, named in items.items():
        spec = variation_of(named)
        for choice in choices(spec):
            for _ in range(8):
                value = generator.variation(name, spec, choice)
                yield Value({name: value.theirs}, {name: value.ours})
    for index in range(RANDOM_RECORDS):
        probability = (index % 10 + 1) / 10
        chosen = [name for name in items if generator.random.random() < probability]
        values = {name: generator.variation(name, variation_of(items[name])) for name in chosen}
        yield Value({n: v.theirs for n, v in values.items()}, {n: v.ours for n, v in values.items()})


def read_variation(variation):
    """The JSON form of what libasterix decoded; fails on a spare bit that is not zero."""
    if isinstance(variation, base.Element):
        return variation.as_uint()
    if isinstance(variation, base.Group):
        return read_entries(variation.arg)
    if isinstance(variation, base.Extended):
        return read_entries([entry for part in variation.arg for entry in part if entry is not None])
    if isinstance(variation, base.Repetitive):
        return [read_variation(entry) for entry in variation.arg]
    if isinstance(variation, base.Explicit):
        return variation.get_bytes().hex()
    if isinstance(variation, base.Compound):
        return {name: read_named(named) for name, named in variation.arg.items()}
    raise TypeError(variation)


def read_entries(entries):
    assert all(entry.as_uint() == 0 for entry in entries if isinstance(entry, base.Spare)), "spare bit set"
    named = [entry.arg for entry in entries if isinstance(entry, base.Item)]
    return {entry.cv_name: read_named(entry) for entry in named}


def read_named(named):
    return read_variation(named.arg.arg)


def theirs_reads(category, octets):
    blocks = base.RawDatablock.parse(base.Bits.from_bytes(octets))
    assert not isinstance(blocks, ValueError) and len(blocks) == 1, blocks
    records = category.cv_uap.parse(blocks[0].get_raw_records())
    assert not isinstance(records, ValueError), records
    return [{name: read_named(named) for name, named in record.items_regular.items()} for record in records]


def ask(*words):
    print(*words, flush=True)
    answer = sys.stdin.readline().strip()
    if answer.startswith("!") or not answer:
        raise AssertionError(f"{' '.join(words)[:300]} answered {answer!r}")
    return answer


def expect(what, found, wanted):
    if found != wanted:
        raise AssertionError(f"{what}\n  found  {str(found)[:2000]}\n  wanted {str(wanted)[:2000]}")


def compare(category, value):
    record = category.cv_uap.cv_record.create(dict(value.theirs))
    octets = category.create([record]).unparse().to_bytes()
    shown = json.loads(ask("D", octets.hex()))
    expect("theirs encodes, ours decodes", shown, [value.ours])
    composed = bytes.fromhex(ask("C", str(category.cv_category), json.dumps(value.ours)))
    expect("ours encodes, theirs decodes", theirs_reads(category, composed), [value.ours])
    expect("both encode alike", composed.hex(), octets.hex())
    expect("the structs keep every bit", ask("T", octets.hex()), octets.hex())
    return octets


def compare_category(category):
    generator = Generator(SEED)
    blocks = [(value, compare(category, value)) for value in records_of(category, generator)]
    together = [value for value, octets in blocks if len(octets) < 300][:200]
    records = [category.cv_uap.cv_record.create(dict(value.theirs)) for value in together]
    octets = category.create(records).unparse().to_bytes()
    shown = json.loads(ask("D", octets.hex()))
    expect("many records in a block", shown, [value.ours for value in together])
    unseen = [path for path, values in generator.seen.items() if len(values) < 2]
    expect("every element was seen with several values", unseen, [])
    print(
        f"# CAT{category.cv_category:03} edition {category.cv_edition[0]}.{category.cv_edition[1]}:"
        f" {len(blocks)} records, {len(category.cv_uap.cv_record.cv_items_dict)} items,"
        f" {len(generator.seen)} elements agree both ways",
        flush=True,
    )


def main():
    for category in CATEGORIES:
        compare_category(category)


if __name__ == "__main__":
    main()
