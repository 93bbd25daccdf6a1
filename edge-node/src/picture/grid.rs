//! What is near what: a grid of cubes in ECEF, so that a track looks at its neighbourhood and not at all others.

use std::collections::{BTreeMap, BTreeSet};

use fusion_core::nalgebra::Vector3;
use fusion_core::track::TrackId;

/// Edge of a cube, metres. What may be farther apart than that is not found.
pub const CUBE_M: f64 = 4_096.0;

type Cube = [i32; 3];

/// Which tracks are in which cube.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    cubes: BTreeMap<Cube, BTreeSet<TrackId>>,
    cube_of: BTreeMap<TrackId, Cube>,
}

impl Grid {
    /// Notes where a track is.
    pub fn place(&mut self, id: TrackId, place: &Vector3<f64>) {
        let cube = cube(place);
        if self.cube_of.get(&id) == Some(&cube) {
            return;
        }
        self.remove(id);
        self.cube_of.insert(id, cube);
        self.cubes.entry(cube).or_default().insert(id);
    }

    /// Forgets a track.
    pub fn remove(&mut self, id: TrackId) {
        let Some(cube) = self.cube_of.remove(&id) else { return };
        if let Some(tracks) = self.cubes.get_mut(&cube) {
            tracks.remove(&id);
            if tracks.is_empty() {
                self.cubes.remove(&cube);
            }
        }
    }

    /// The tracks in the cube of a place and in those around it.
    pub fn near(&self, place: &Vector3<f64>) -> impl Iterator<Item = TrackId> + '_ {
        let [x, y, z] = cube(place);
        let around = |c: i32| c.saturating_sub(1)..=c.saturating_add(1);
        let columns = around(x).flat_map(move |x| around(y).map(move |y| (x, y)));
        // Cubes of a column follow each other.
        let in_column = move |(x, y)| self.cubes.range([x, y, z.saturating_sub(1)]..=[x, y, z.saturating_add(1)]);
        columns.flat_map(in_column).flat_map(|(_, tracks)| tracks.iter().copied())
    }
}

fn cube(place: &Vector3<f64>) -> Cube {
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates; what is that far away shares a cube")]
    let index = |x: f64| fusion_core::maths::floor(x / CUBE_M) as i32;
    [index(place.x), index(place.y), index(place.z)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::track::{Origin, TrackNumber};

    #[test]
    fn whoever_is_within_an_edge_is_found_and_whoever_left_is_not() {
        let id = |number| TrackId { origin: Origin::default(), number: TrackNumber(number) };
        let mut grid = Grid::default();
        let home = Vector3::new(3.6e6, 1.4e6, 5.0e6);
        for k in 0..200_u32 {
            let off = f64::from(k) * 100.0;
            grid.place(id(k.into()), &(home + Vector3::new(off, 0.0, -off)));
        }
        let near: Vec<TrackId> = grid.near(&home).collect();
        assert!((0..=40).all(|k| near.contains(&id(k))) && !near.contains(&id(199)));
        grid.place(id(0), &(home * 1.1));
        grid.remove(id(1));
        assert!(grid.near(&home).all(|found| found != id(0) && found != id(1)));
        assert_eq!(grid.near(&(home * 1.1)).collect::<Vec<_>>(), [id(0)]);
    }
}
