//! Truth from real recordings, and trackers judged against it.
//!
//! Recordings of positions ([`recordings`]) are made into [`Path`]s ([`smooth`]): where a thing was, how fast and how
//! hard it turned, at every whole second, in one tangent plane. [`scenarios`] puts paths before simulated sensors
//! ([`sensors`], seeded by [`chance`]); [`assess`] runs trackers over what these say and makes the table.
//!
//! Sensors are simulated over the smoothed path, so that the path *is* the truth, exactly. Smoothing decides only how
//! lifelike it is: an ADS-B position that comes half a second late would otherwise be a jerk that no aircraft can fly.

pub mod assess;
pub mod chance;
pub mod recordings;
pub mod scenarios;
pub mod sensors;
pub mod smooth;

use fusion_core::nalgebra::{Matrix3, Vector3};

/// Where a thing is, and its first two derivatives: metres and seconds, east, north and up in a tangent plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Position, m.
    pub position: Vector3<f64>,
    /// Velocity, m/s.
    pub velocity: Vector3<f64>,
    /// Acceleration, m/s².
    pub acceleration: Vector3<f64>,
}

/// The way of one thing: a moment at every whole second of its life.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Whose way it is.
    pub id: String,
    /// The second of its first moment.
    pub from: i64,
    /// Its moments, one a second.
    pub moments: Vec<Moment>,
}

impl Path {
    /// Where the thing is at a second, if it is there at all.
    #[must_use]
    pub fn at(&self, second: i64) -> Option<&Moment> {
        self.moments.get(usize::try_from(second - self.from).ok()?)
    }

    /// The second after its last moment.
    #[must_use]
    pub fn end(&self) -> i64 {
        self.from + i64::try_from(self.moments.len()).unwrap_or(i64::MAX - self.from)
    }

    /// The part of the path in `from..to`; `None` if there is none.
    #[must_use]
    pub fn cut(&self, from: i64, to: i64) -> Option<Self> {
        let (from, to) = (from.max(self.from), to.min(self.end()));
        let place = |second: i64| usize::try_from(second - self.from).ok();
        let moments = self.moments.get(place(from)?..place(to)?)?.to_vec();
        (!moments.is_empty()).then(|| Self { id: self.id.clone(), from, moments })
    }

    /// The same path begun at another second, and moved as a whole.
    #[must_use]
    pub fn moved(mut self, from: i64, by: &Vector3<f64>) -> Self {
        self.from = from;
        for moment in &mut self.moments {
            moment.position += by;
        }
        self
    }

    /// The same path turned about the origin.
    #[must_use]
    pub fn turned(mut self, by: &Matrix3<f64>) -> Self {
        for moment in &mut self.moments {
            *moment = Moment {
                position: by * moment.position,
                velocity: by * moment.velocity,
                acceleration: by * moment.acceleration,
            };
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> Path {
        let at = |x: f64| Moment {
            position: Vector3::new(x, 0.0, 0.0),
            velocity: Vector3::x(),
            acceleration: Vector3::zeros(),
        };
        Path { id: "p".to_owned(), from: 10, moments: (0..5).map(|k| at(f64::from(k))).collect() }
    }

    #[test]
    fn a_thing_is_there_from_its_first_to_its_last_moment() {
        let there: Vec<i64> = (0..30).filter(|&second| path().at(second).is_some()).collect();
        assert_eq!(there, [10, 11, 12, 13, 14]);
    }

    #[test]
    fn a_part_of_a_path_is_where_the_whole_was() {
        let part = path().cut(12, 99).expect("they overlap");
        assert_eq!((part.from, part.end(), part.at(13)), (12, 15, path().at(13)));
        assert_eq!((path().cut(0, 10), path().cut(15, 20)), (None, None));
    }

    #[test]
    fn a_moved_path_keeps_its_shape() {
        let moved = path().moved(100, &Vector3::new(0.0, 7.0, 0.0));
        assert_eq!(moved.at(103).map(|moment| moment.position), Some(Vector3::new(3.0, 7.0, 0.0)));
    }
}
