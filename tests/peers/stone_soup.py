#!/usr/bin/env python3
"""Runs a tracker made of Stone Soup 1.9 over a scenario.

usage: stone_soup.py SCENARIO TRACKER OUT [POINTS MISSES]

SCENARIO  folder with detections.csv and meta.json as generate.py writes them; of the detections only the measured
          columns are read
TRACKER   gnn: global nearest neighbour by Mahalanobis distance; ehm2: JPDA by Stone Soup's own EHM2;
          pyehm: the same by pyehm
OUT       OUT.csv takes the confirmed tracks after each scan (scan,track_id,x,y,vx,vy), OUT.json CPU milliseconds per
          scan
POINTS    detections that confirm a track, and misses that end one not yet confirmed: 3 and 2 by default; heavy clutter
MISSES    wants 5 and 1

The tracker is the one of Stone Soup's documentation: Kalman prediction with nearly constant velocity, extended Kalman
update, a gate of 0.995, true probability of detection and clutter density, MultiMeasurementInitiator; confirmed tracks
end after five misses or when their position is more uncertain than half a kilometre.
Only detections within five standard deviations are handed to its gate: the same result but for those tails, in a third
of the time. Needs stonesoup, and pyehm where TRACKER is pyehm.
"""

import csv
import datetime
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
from scipy.stats import chi2
from stonesoup.base import Property
from stonesoup.buffered_generator import BufferedGenerator
from stonesoup.dataassociator.neighbour import GNNWith2DAssignment
from stonesoup.dataassociator.probability import JPDAwithEHM2
from stonesoup.deleter.error import CovarianceBasedDeleter
from stonesoup.deleter.multi import CompositeDeleter
from stonesoup.deleter.time import UpdateTimeStepsDeleter
from stonesoup.hypothesiser.base import Hypothesiser
from stonesoup.hypothesiser.distance import DistanceHypothesiser
from stonesoup.hypothesiser.probability import PDAHypothesiser
from stonesoup.initiator.simple import MultiMeasurementInitiator, SimpleMeasurementInitiator
from stonesoup.measures import Mahalanobis
from stonesoup.models.measurement.linear import LinearGaussian
from stonesoup.models.measurement.nonlinear import CartesianToBearingRange
from stonesoup.models.transition.linear import CombinedLinearGaussianTransitionModel, ConstantVelocity
from stonesoup.predictor.kalman import KalmanPredictor
from stonesoup.reader import DetectionReader
from stonesoup.tracker.simple import MultiTargetMixtureTracker, MultiTargetTracker
from stonesoup.types.array import CovarianceMatrix, StateVector
from stonesoup.types.detection import Detection
from stonesoup.types.state import GaussianState
from stonesoup.updater.kalman import ExtendedKalmanUpdater

POSITION = (0, 2)
GATE = 0.995
BEGIN = datetime.datetime(2020, 1, 1)


class Within(Hypothesiser):
    """Hands on only the detections that are near enough for the gate behind it to look at."""

    hypothesiser: Hypothesiser = Property()
    predictor: object = Property()
    updater: object = Property()
    sigmas: float = Property(default=5.0)

    def hypothesise(self, track, detections, timestamp, **others):
        detections = list(detections)
        if detections:
            prediction = self.predictor.predict(track, timestamp=timestamp)
            expected = self.updater.predict_measurement(prediction, detections[0].measurement_model)
            error = self.measured(detections) - np.array(expected.state_vector, float).ravel()
            if isinstance(detections[0].measurement_model, CartesianToBearingRange):
                error[:, 0] = (error[:, 0] + math.pi) % (2 * math.pi) - math.pi
            near = (np.abs(error) < self.sigmas * np.sqrt(np.diag(expected.covar))).all(axis=1)
            detections = [detections[i] for i in np.nonzero(near)[0]]
        return self.hypothesiser.hypothesise(track, detections, timestamp, **others)

    def measured(self, detections):
        """The detections as an array, made once for all tracks of a scan."""
        if getattr(self, "_of", None) is not detections[0] or len(self._array) != len(detections):
            self._of = detections[0]
            self._array = np.array([d.state_vector for d in detections], float).reshape(len(detections), 2)
        return self._array


class Recorded(DetectionReader):
    """The scans of a file, one a second."""

    scans: list = Property()

    @BufferedGenerator.generator_method
    def detections_gen(self):
        for k, detections in enumerate(self.scans):
            yield BEGIN + datetime.timedelta(seconds=k), set(detections)


def read_scans(folder, meta, model):
    scans = [[] for _ in range(meta["scans"])]
    with open(folder / "detections.csv", encoding="ascii") as file:
        rows = csv.reader(file)
        next(rows)
        for scan, _, first, second, _ in rows:
            when = BEGIN + datetime.timedelta(seconds=int(scan))
            value = StateVector([float(first), float(second)])
            scans[int(scan)].append(Detection(value, timestamp=when, measurement_model=model))
    return scans


def build(meta, scans, model, kind, points, misses):
    motion = ConstantVelocity(meta["acceleration"])
    predictor = KalmanPredictor(CombinedLinearGaussianTransitionModel([motion, motion]))
    updater = ExtendedKalmanUpdater(model)

    def near(hypothesiser):
        return Within(hypothesiser=hypothesiser, predictor=predictor, updater=updater)

    by_distance = near(DistanceHypothesiser(predictor, updater, Mahalanobis(), math.sqrt(chi2.ppf(GATE, 2))))
    by_probability = near(PDAHypothesiser(predictor, updater, clutter_spatial_density=meta["clutter_density"],
                                          prob_detect=meta["detection"], prob_gate=GATE))
    spread = np.diag([0, meta["velocity_sigma"]**2, 0, meta["velocity_sigma"]**2])
    prior = GaussianState(StateVector([0, 0, 0, 0]), CovarianceMatrix(spread))
    initiator = MultiMeasurementInitiator(
        prior_state=prior, deleter=UpdateTimeStepsDeleter(misses), data_associator=GNNWith2DAssignment(by_distance),
        updater=updater, measurement_model=model, min_points=points,
        initiator=SimpleMeasurementInitiator(prior, model))
    too_vague = CovarianceBasedDeleter(covar_trace_thresh=500.0**2, mapping=list(POSITION))
    deleter = CompositeDeleter([UpdateTimeStepsDeleter(5), too_vague], intersect=False)
    parts = {"initiator": initiator, "deleter": deleter, "detector": Recorded(scans=scans), "updater": updater}
    if kind == "gnn":
        return MultiTargetTracker(data_associator=GNNWith2DAssignment(by_distance), **parts)
    return MultiTargetMixtureTracker(data_associator=jpda(kind)(by_probability), **parts)


def jpda(kind):
    if kind == "ehm2":
        return JPDAwithEHM2
    from pyehm.plugins.stonesoup import JPDAWithEHM2 as JPDAwithPyehm

    return JPDAwithPyehm


def run(tracker):
    """Rows of tracks, and CPU seconds of each scan."""
    rows, times, numbers, scans = [], [], {}, iter(tracker)
    while True:
        begin = time.process_time()
        found = next(scans, None)
        if found is None:
            return rows, times
        times.append(time.process_time() - begin)
        for track in found[1]:
            number = numbers.setdefault(track.id, len(numbers))
            x, vx, y, vy = (float(value) for value in np.ravel(track.state_vector))
            rows.append((len(times) - 1, number, x, y, vx, vy))


def main():
    if len(sys.argv) < 4 or sys.argv[2] not in ("gnn", "ehm2", "pyehm"):
        sys.exit(__doc__)
    folder, kind, out = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    points, misses = (int(word) for word in sys.argv[4:6] or (3, 2))
    meta = json.loads((folder / "meta.json").read_text())
    noise = CovarianceMatrix(np.diag(np.square(meta["sigmas"])))
    kind_of_model = {"range-bearing": CartesianToBearingRange, "position": LinearGaussian}[meta["kind"]]
    model = kind_of_model(ndim_state=4, mapping=POSITION, noise_covar=noise)
    rows, times = run(build(meta, read_scans(folder, meta, model), model, kind, points, misses))
    with open(out + ".csv", "w", newline="", encoding="ascii") as file:
        writer = csv.writer(file)
        writer.writerow("scan track_id x y vx vy".split())
        writer.writerows([k, n, *(f"{value:.4f}" for value in values)] for k, n, *values in rows)
    milliseconds = [1e3 * t for t in times]
    Path(out + ".json").write_text(json.dumps({"cpu_ms": milliseconds}) + "\n", encoding="ascii")
    print(f"{folder.name} {kind}: {np.mean(milliseconds):.1f} ms a scan")


if __name__ == "__main__":
    main()
