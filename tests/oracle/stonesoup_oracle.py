"""Answers cases with the results of Stone Soup (PyPI, MIT): filters, covariance intersection, GOSPA.

Run by tests/tests/oracle_stonesoup.rs. One JSON object a line comes in on standard input and names its "kind"; one JSON
object a line goes out. The cases, and what is compared with what tolerance, are that test's.

States come and go as (east, north, up and their rates), measurements as (range, azimuth, elevation, range rate) or the
part of it that the model has. Stone Soup has no north: its bearing is counted from x towards y. With x laid on north and
y on east that is the azimuth, so no angle is ever converted; the price is a left-handed frame, which matters only to
the attitude of the sensor (see attitude).
"""

import json
import math
import sys
from datetime import datetime, timedelta, timezone

import numpy as np
from scipy.optimize import minimize_scalar
from stonesoup.functions import build_rotation_matrix
from stonesoup.metricgenerator.ospametric import GOSPAMetric
from stonesoup.mixturereducer.gaussianmixture import CovarianceIntersection
from stonesoup.models.measurement.linear import LinearGaussian
from stonesoup.models.measurement.nonlinear import (
    Cartesian2DToBearing,
    CartesianToBearingRange,
    CartesianToBearingRangeRate,
    CartesianToElevationBearing,
    CartesianToElevationBearingRange,
    CartesianToElevationBearingRangeRate,
)
from stonesoup.models.transition.linear import CombinedLinearGaussianTransitionModel, ConstantVelocity
from stonesoup.predictor.kalman import KalmanPredictor
from stonesoup.types.angle import Bearing, Elevation
from stonesoup.types.array import CovarianceMatrix, StateVector
from stonesoup.types.detection import Detection
from stonesoup.types.hypothesis import SingleHypothesis
from stonesoup.types.state import GaussianState, State
from stonesoup.updater.kalman import ExtendedKalmanUpdater, KalmanUpdater, UnscentedKalmanUpdater

EPOCH = datetime(2020, 1, 1, tzinfo=timezone.utc)

# Where a state keeps (north, east, up), which is their (x, y, z), and the rates of these.
PLACES = (1, 0, 2)
RATES = (4, 3, 5)

# Where a motion model finds (east, its rate, north, its rate, up, its rate), and the way back. Only the Kalman filter is
# given its states in that order: the sigma points of an unscented one depend on the order.
PAIRED = [0, 3, 1, 4, 2, 5]
BACK = [PAIRED.index(component) for component in range(6)]


class TangentBearing(Bearing):
    """A bearing that is averaged by its differences to the first, as we do it, and not on the circle."""

    @classmethod
    def average(cls, angles, weights=None):
        return cls(float(angles[0]) + np.average([float(angle - angles[0]) for angle in angles], weights=weights))


class TangentElevation(Elevation):
    average = classmethod(TangentBearing.average.__func__)


TANGENT = {Bearing: TangentBearing, Elevation: TangentElevation, float: float}

# Each model with its components: their rows in the largest of the models, where ours has them, and their types.
LARGEST = CartesianToElevationBearingRangeRate
MODELS = {
    "range_bearing": (CartesianToBearingRange, [1, 2], [1, 0], [Bearing, float]),
    "range_bearing_rate": (CartesianToBearingRangeRate, [1, 2, 3], [1, 0, 2], [Bearing, float, float]),
    "range_bearing_elevation": (
        CartesianToElevationBearingRange,
        [0, 1, 2],
        [2, 1, 0],
        [Elevation, Bearing, float],
    ),
    "range_bearing_elevation_rate": (LARGEST, [0, 1, 2, 3], [2, 1, 0, 3], [Elevation, Bearing, float, float]),
    "bearing": (Cartesian2DToBearing, [1], [0], [Bearing]),
    "bearing_elevation": (CartesianToElevationBearing, [0, 1], [1, 0], [Elevation, Bearing]),
}
FLAT = (CartesianToBearingRange, Cartesian2DToBearing)
WITH_RATE = (CartesianToBearingRangeRate, LARGEST)


def prior(case, order=range(6)):
    return GaussianState(
        StateVector(np.array(case["mean"])[order]),
        CovarianceMatrix(np.array(case["covariance"])[np.ix_(order, order)]),
        timestamp=EPOCH,
    )


def answer_of(state, order=range(6)):
    mean = np.asarray(state.state_vector, dtype=float).ravel()[order]
    return {"mean": mean.tolist(), "covariance": np.asarray(state.covar)[np.ix_(order, order)].tolist()}


def attitude(axes):
    """The three angles of a sensor whose own (east, north, up) are the columns of axes.

    Exchanging two axes on both sides of a rotation leaves a rotation, so the left-handed frame has such angles too. It is
    asserted that Stone Soup makes the wanted matrix of them.
    """
    wanted = np.array(axes).T[np.ix_([1, 0, 2], [1, 0, 2])]
    y = math.asin(wanted[0, 2])
    x = math.atan2(wanted[1, 2], wanted[2, 2])
    z = math.atan2(wanted[0, 1], wanted[0, 0])
    angles = StateVector([x, y, z])
    assert np.abs(build_rotation_matrix(angles) - wanted).max() < 1e-14, "another convention of angles"
    return angles


def model_of(kind, case, noise):
    east, north, up = case["origin"]
    flat = kind in FLAT
    return kind(
        ndim_state=6,
        mapping=PLACES[:2] if flat else PLACES,
        noise_covar=CovarianceMatrix(noise),
        translation_offset=StateVector([north, east] if flat else [north, east, up]),
        rotation_offset=attitude(case["axes"]),
        **({"velocity_mapping": RATES} if kind in WITH_RATE else {}),
    )


def seen(case):
    """The measurement of a case, with its model.

    Only the largest of the models has its slopes written out. The others take quotients of differences, which are too
    rough to compare with (hundredths of a sigma): they get those rows of the largest.
    """
    kind, rows, order, types = MODELS[case["model"]]
    if case["tangent"]:
        types = [TANGENT[as_type] for as_type in types]
    model = model_of(kind, case, np.array(case["noise"])[np.ix_(order, order)])
    largest = model_of(LARGEST, case, np.eye(4))
    model.jacobian = lambda state, **_: largest.jacobian(state)[rows]
    model._typed_vector = lambda: np.array([[as_type(0)] for as_type in types])
    values = [as_type(case["z"][place]) for place, as_type in zip(order, types)]
    return Detection(StateVector(values), timestamp=EPOCH, measurement_model=model)


def fix(case, time, mapping):
    """The measurement of a position."""
    model = LinearGaussian(ndim_state=6, mapping=mapping, noise_covar=CovarianceMatrix(np.array(case["noise"])))
    return Detection(StateVector(case["z"]), timestamp=time, measurement_model=model)


def kalman(case):
    """Prediction and update by positions, over and over: every state on the way."""
    level, up = case["density"]
    motion = CombinedLinearGaussianTransitionModel([ConstantVelocity(density) for density in (level, level, up)])
    predictor, updater = KalmanPredictor(motion), KalmanUpdater()
    state, time, states = prior(case, PAIRED), EPOCH, []
    for step in case["steps"]:
        time += timedelta(milliseconds=step["milliseconds"])
        predicted = predictor.predict(state, timestamp=time)
        state = updater.update(SingleHypothesis(predicted, fix(step, time, (0, 2, 4))))
        states += [answer_of(predicted, BACK), answer_of(state, BACK)]
    return {"states": states}


def update_with(updater, case):
    detection = fix(case, EPOCH, (0, 1, 2)) if case["model"] == "position" else seen(case)
    return {"states": [answer_of(updater.update(SingleHypothesis(prior(case), detection)))]}


def extended(case):
    return update_with(ExtendedKalmanUpdater(), case)


def unscented(case):
    return update_with(UnscentedKalmanUpdater(alpha=case["alpha"], beta=case["beta"], kappa=case["kappa"]), case)


def intersection(case):
    """The intersection with the given weight of the first; and ln det of the smallest one, by scipy's search."""
    a, b = prior(case["first"]), prior(case["second"])

    def merged(omega):
        return CovarianceIntersection.merge_components(a, b, weights=[omega, 1 - omega])

    def size(omega):
        return np.linalg.slogdet(np.asarray(merged(omega).covar))[1]

    search = minimize_scalar(size, bounds=(0, 1), method="bounded", options={"xatol": 1e-9})
    return {"states": [answer_of(merged(case["omega"]))], "least_log_determinant": min(search.fun, size(0), size(1))}


def gospa(case):
    def states(points):
        return [State(StateVector(point), timestamp=EPOCH) for point in points]

    metric = GOSPAMetric(p=case["p"], c=case["c"])
    value = metric.compute_gospa_metric(states(case["tracks"]), states(case["truths"]))[0].value
    return {part: float(value[part]) for part in ["distance", "localisation", "missed", "false"]}


KINDS = {answer.__name__: answer for answer in [kalman, extended, unscented, intersection, gospa]}


def main():
    for line in sys.stdin:
        case = json.loads(line)
        print(json.dumps(KINDS[case["kind"]](case)), flush=True)


if __name__ == "__main__":
    main()
