"""Tells 400 sets of MISB ST 0903 with values from a seed as stanag4609 writes them, and what it reads from each.

One line of JSON each: set (hexadecimal), frame (fields of the set by tag), targets (fields of each by tag; a location
or a velocity as a list of nine numbers, those that are not told null; the class by its IRI and its confidence).
"""
import json
import random
from uuid import UUID

from stanag4609 import (
    Location,
    OntologyLocalSet,
    Velocity,
    VObjectLocalSet,
    VTargetData,
    VTrackerLocalSet,
    decode_vmti_local_set,
    encode_vmti_local_set,
)

PLACE = "http://example.org/"
CLASSES = ["vehicle#Truck", "vehicle#Boat", "aircraft#Helicopter", "uav#Quadcopter", "vehicle#Car"]
LOCATION = (
    "latitude", "longitude", "hae", "sigma_east", "sigma_north", "sigma_up",
    "rho_east_north", "rho_east_up", "rho_north_up",
)
VELOCITY = ("east", "north", "up") + LOCATION[3:]


def errors(chance, kind):
    """Nothing, three sigmas, or three sigmas and three correlations."""
    told = {}
    if kind > 0:
        told |= {name: chance.uniform(0, 650) for name in LOCATION[3:6]}
    if kind > 1:
        told |= {name: chance.uniform(-0.3, 0.3) for name in LOCATION[6:]}
    return told


def location(chance):
    where = chance.uniform(-90, 90), chance.uniform(-180, 180), chance.uniform(-900, 19_000)
    return Location(*where, **errors(chance, chance.randrange(3)))


def velocity(chance):
    return Velocity(*(chance.uniform(-900, 900) for _ in range(3)), **errors(chance, chance.randrange(3)))


def target(chance, number):
    row, column = chance.randrange(1, 1081), chance.randrange(1, 1921)
    values = {1: (row - 1) * 1920 + column, 19: row, 20: column}
    values |= {5: chance.randrange(101), 12: chance.uniform(-900, 19_000)}
    values |= {tag: chance.uniform(-19.2, 19.2) for tag in (10, 11)}
    if chance.random() < 0.7:
        values[17] = location(chance)
    if chance.random() < 0.7:
        # A velocity is told of the newest place of a track, which is therefore told too.
        track = {"track_id": UUID(int=chance.getrandbits(128)), "track_history_series": (location(chance),)}
        values[104] = VTrackerLocalSet(velocity=velocity(chance), **track)
    if chance.random() < 0.7:
        kind = chance.randrange(len(CLASSES))
        octets = chance.randrange(1, 4)
        values[107] = (VObjectLocalSet(kind + 1, chance.uniform(0, 100), confidence_length=octets),)
    return VTargetData(number, values)


def written(chance):
    frame = {4: chance.randrange(4, 7), 2: chance.randrange(1 << 50), 8: 1920, 9: 1080}
    frame |= {tag: chance.uniform(0, 180) for tag in (11, 12)}
    kinds = [
        OntologyLocalSet(ontology_id=at, ontology_iri=PLACE + "kinds", entity_iri=PLACE + kind)
        for at, kind in enumerate(CLASSES, 1)
    ]
    targets = [target(chance, 3 * at + chance.randrange(1, 4)) for at in range(chance.randrange(1, 9))]
    return encode_vmti_local_set(frame, targets=targets, ontologies=kinds)


def numbers(value, names):
    return [None if getattr(value, name) is None else float(getattr(value, name)) for name in names]


def read_target(vtarget, kinds):
    told = {str(tag): float(vtarget.value(tag)) for tag in (1, 5, 10, 11, 12, 19, 20)}
    told["number"] = vtarget.target_id
    if vtarget.value(17) is not None:
        told["17"] = numbers(vtarget.value(17), LOCATION)
    if vtarget.value(104) is not None:
        told["track"] = vtarget.value(104).track_id.hex
        told["104"] = numbers(vtarget.value(104).velocity, VELOCITY)
    if vtarget.value(107) is not None:
        (thing,) = vtarget.value(107)
        told["class"] = kinds[thing.ontology_id]
        told["class_confidence"] = float(thing.confidence)
    return told


def main():
    chance = random.Random(903)
    for _ in range(400):
        octets = written(chance)
        read = decode_vmti_local_set(octets, standalone=False)
        kinds = {kind.ontology_id: kind.entity_iri for kind in read.ontologies}
        frame = {str(tag): float(read.value(tag)) for tag in (4, 8, 9, 11, 12)}
        targets = [read_target(vtarget, kinds) for vtarget in read.targets]
        print(json.dumps({"set": octets.hex(), "frame": frame, "targets": targets}))


main()
