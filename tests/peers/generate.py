#!/usr/bin/env python3
"""Makes the tracking scenarios on which copmesh and its peers are compared: the same bytes from the same seed.

usage: generate.py FOLDER NAME[:SEED]...     NAME: s10 s50 s200 s1000 dense50; without SEED the scenario's own

One radar at the origin sees range and bearing once a second, 100 times. Targets move with nearly constant velocity,
driven by white acceleration noise. Some fly in echelon, some in pairs that cross, the rest alone. Clutter is even in
range and bearing, so that its density is known exactly. FOLDER/NAME_SEED then holds

  truth.csv       scan,truth_id,x,y,vx,vy,group      while in coverage; group -1: alone
  detections.csv  scan,det_id,bearing,range,origin   bearing from x towards y; origin: truth_id, or -1 for clutter.
                                                     It is for whoever scores, never for a tracker
  meta.json       what a tracker may know

The order of the draws belongs to the definition: it makes a seed a scenario. The digests of the five own seeds are
checked, so that a numpy whose draws differ is found out. Needs numpy.
"""

import csv
import hashlib
import json
import math
import sys
from pathlib import Path

import numpy as np

SCANS = 100
RANGE_MIN = 1000.0
SIGMA_RANGE = 10.0
SIGMA_BEARING = math.radians(0.2)
DETECTION = 0.9
SPEEDS = (15.0, 80.0)
# Intensity of the acceleration noise, m²/s³: of those who fly alone, and of those who keep formation or cross.
FREE, HELD = 0.5, 0.02

# targets, clutter per scan, range, shares in formation and crossing, spacing and size of formations, own seed, digest
SCENARIOS = {
    "s10": (10, 50, 10e3, 0.4, 0.2, (40, 120), (2, 5), 1010, "36666e8a47cd5276"),
    "s50": (50, 100, 15e3, 0.4, 0.2, (40, 120), (2, 5), 1050, "7240c06ab6d1e683"),
    "s200": (200, 200, 20e3, 0.4, 0.2, (40, 120), (2, 6), 1200, "8c78563a5fb02500"),
    "s1000": (1000, 500, 30e3, 0.4, 0.1, (40, 120), (2, 6), 2000, "4f661bab061319f9"),
    "dense50": (50, 500, 5e3, 1.0, 0.0, (25, 60), (5, 10), 3050, "f11692cf0192de99"),
}


class Scenario:
    """The draws of one scenario, in their order."""

    def __init__(self, name, seed):
        (self.targets, self.clutter, self.range_max, self.in_formation, self.crossing, self.spacing, self.size,
         own_seed, self.digest) = SCENARIOS[name]
        self.is_own = seed is None or seed == own_seed
        self.name, self.seed = name, own_seed if seed is None else seed
        self.rng = np.random.default_rng(self.seed)
        self.group = 0
        self.starts = []
        self.formations()
        self.pairs()
        while len(self.starts) < self.targets:
            place, velocity = self.place(), self.velocity()
            self.begin(place, velocity, self.life(), -1, FREE)

    def begin(self, place, velocity, life, group, noise):
        state = np.array([place[0], velocity[0], place[1], velocity[1]])
        self.starts.append((state, *life, group, motion_of(noise)))

    def place(self):
        """Even over the ring from a quarter to four fifths of the range."""
        distance = self.range_max * math.sqrt(self.rng.uniform(0.25**2, 0.8**2))
        return polar(distance, self.rng.uniform(-math.pi, math.pi))

    def velocity(self):
        speed = self.rng.uniform(*SPEEDS)
        return polar(speed, self.rng.uniform(-math.pi, math.pi))

    def life(self):
        """First scan, and the scan after the last."""
        born = 0 if self.rng.random() < 0.7 else int(self.rng.integers(1, int(0.6 * SCANS)))
        if self.rng.random() < 0.75:
            return born, SCANS
        return born, int(min(SCANS, born + self.rng.integers(30, SCANS)))

    def formations(self):
        """Echelons: a leader, then alternately to either side, each with its own small errors."""
        left = round(self.targets * self.in_formation)
        while left > 0:
            size = int(min(left, self.rng.integers(self.size[0], self.size[1] + 1)))
            leader, velocity = self.place(), self.velocity()
            life = self.life()
            spacing = self.rng.uniform(*self.spacing)
            turn = rotation(math.atan2(velocity[1], velocity[0]))
            for i in range(size):
                side = (i + 1) // 2 * (1 if i % 2 else -1)
                offset = np.array([-abs(side) * spacing * 0.7, side * spacing])
                place = leader + turn @ offset + self.rng.normal(0, 3, 2)
                self.begin(place, velocity + self.rng.normal(0, 0.3, 2), life, self.group, HELD)
            self.group += 1
            left -= size

    def pairs(self):
        """Two that come within some ten metres of one another, at a small angle."""
        for _ in range(round(self.targets * self.crossing) // 2):
            when = self.rng.uniform(0.3 * SCANS, 0.7 * SCANS)
            where, first = self.place(), self.velocity()
            angle = self.rng.uniform(math.radians(5), math.radians(40)) * self.rng.choice([-1, 1])
            second = rotation(angle) @ first * self.rng.uniform(0.9, 1.1)
            for velocity in (first, second):
                place = where + self.rng.normal(0, 10, 2) - velocity * when
                self.begin(place, velocity, (0, SCANS), self.group, HELD)
            self.group += 1

    def run(self):
        """Rows of truth and of detections, scan by scan."""
        truth, detections, states = [], [], {}
        for scan in range(SCANS):
            seen = []
            for target, (start, born, gone, group, motion) in enumerate(self.starts):
                if born <= scan < gone:
                    states[target] = start if scan == born else self.moved(states[target], motion)
                    self.look(scan, target, states[target], group, truth, seen)
            for _ in range(self.rng.poisson(self.clutter)):
                bearing = self.rng.uniform(-math.pi, math.pi)
                seen.append((bearing, self.rng.uniform(RANGE_MIN, self.range_max), -1))
            for i in self.rng.permutation(len(seen)):
                detections.append((scan, len(detections), *seen[i]))
        return truth, detections

    def moved(self, state, motion):
        transition, root = motion
        along = [transition @ state[axis:axis + 2] + root @ self.rng.standard_normal(2) for axis in (0, 2)]
        return np.concatenate(along)

    def look(self, scan, target, state, group, truth, seen):
        x, vx, y, vy = state
        distance, bearing = math.hypot(x, y), math.atan2(y, x)
        if not RANGE_MIN <= distance <= self.range_max:
            return
        truth.append((scan, target, x, y, vx, vy, group))
        if self.rng.random() < DETECTION:
            bearing += self.rng.normal(0, SIGMA_BEARING)
            distance += self.rng.normal(0, SIGMA_RANGE)
            seen.append(((bearing + math.pi) % (2 * math.pi) - math.pi, distance, target))

    def write(self, folder):
        truth, detections = self.run()
        folder.mkdir(parents=True, exist_ok=True)
        write_csv(folder / "truth.csv", "scan truth_id x y vx vy group",
                  ([k, i, *(f"{value:.6f}" for value in values), group] for k, i, *values, group in truth))
        write_csv(folder / "detections.csv", "scan det_id bearing range origin",
                  ([k, i, f"{b:.9f}", f"{r:.6f}", origin] for k, i, b, r, origin in detections))
        digest = hashlib.sha256((folder / "detections.csv").read_bytes()).hexdigest()[:16]
        if self.is_own and digest != self.digest:
            sys.exit(f"{self.name}: this numpy draws differently ({digest}, not {self.digest}); "
                     "figures would not be comparable")
        meta = {
            "name": self.name, "seed": self.seed, "kind": "range-bearing", "scans": SCANS, "targets": self.targets,
            "detection": DETECTION, "clutter_per_scan": self.clutter, "range_min_m": RANGE_MIN,
            "range_max_m": self.range_max, "sigmas": [SIGMA_BEARING, SIGMA_RANGE], "acceleration": FREE,
            "steady_acceleration": HELD, "speeds": [*SPEEDS], "velocity_sigma": 50.0,
            "clutter_density": self.clutter / (2 * math.pi * (self.range_max - RANGE_MIN)),
        }
        (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")


def motion_of(noise):
    """Transition over one second of (position, velocity), and the root of its noise."""
    covariance = noise * np.array([[1 / 3, 1 / 2], [1 / 2, 1.0]])
    return np.array([[1, 1.0], [0, 1.0]]), np.linalg.cholesky(covariance)


def polar(length, angle):
    return np.array([length * math.cos(angle), length * math.sin(angle)])


def rotation(angle):
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def write_csv(path, header, rows):
    with open(path, "w", newline="", encoding="ascii") as file:
        writer = csv.writer(file)
        writer.writerow(header.split())
        writer.writerows(rows)


def main():
    if len(sys.argv) < 3 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    for wanted in sys.argv[2:]:
        name, _, seed = wanted.partition(":")
        if name not in SCENARIOS:
            sys.exit(f"no scenario {name}; there are {' '.join(SCENARIOS)}")
        scenario = Scenario(name, int(seed) if seed else None)
        scenario.write(Path(sys.argv[1]) / f"{name}_{scenario.seed}")
        print(f"{name}_{scenario.seed}", flush=True)


if __name__ == "__main__":
    main()
