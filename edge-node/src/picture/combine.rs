//! One record out of those of one object, nothing counted twice.
//!
//! Trackers of different nodes have only the target's motion in common ([`shared_motion`]): a node publishes what
//! its own sensors measured. If all of them say that it has long gone straight on, they have not even that. Where it is
//! not certain, because two were fed by a sensor of one name, have the object's own word in them or are lives of one
//! node, nothing is known of what they share, nor of estimates made elsewhere: those are intersected (`many`).
//! Identities go the same way: sayings that may come from one source count once, the clearest of them.
//!
//! Radars that hear one address are told one height by it: however many, it counts once.

use fusion_core::filter::intersection::many::{INTERSECTED_MAX, intersect_all};
use fusion_core::filter::shared_motion::{self, SHARED_MOTION_MAX};
use fusion_core::frame::{Position, Velocity};
use fusion_core::gaussian::{Covariance, GaussianState, state_vector};
use fusion_core::identity::{ClassBelief, Identity, ObjectClass};
use fusion_core::nalgebra::{Matrix3, Vector3};
use fusion_core::time::{Span, Timestamp};
use fusion_core::track::{TrackId, TrackStatus};
use proto::record::{Estimate, InCommon, Seq, TrackRecord};

use super::predict::{Predicted, predicted};
use super::records::Held;

/// Names of sensors that are shown of one object at the most.
///
/// No counter: the first by name stay, which is enough to see that there are many.
pub const SENSORS_SHOWN_MAX: usize = 16;

/// The record of an object under its number: a function of its members alone, which are sorted by track and at least
/// one. It holds at the first whole second at which all of them were known.
#[must_use]
pub fn combine(number: TrackId, members: &[&Held]) -> TrackRecord {
    let first = &members[0].record;
    let label = members.iter().fold(first.label, |label, held| label.join(held.record.label));
    let mut sensors: Vec<String> = members.iter().flat_map(|held| held.record.sensors.iter().cloned()).collect();
    sensors.sort_unstable();
    sensors.dedup();
    sensors.truncate(SENSORS_SHOWN_MAX);
    TrackRecord {
        id: number,
        version: Seq(members.iter().fold(0, |sum: u64, held| sum.wrapping_add(held.record.version.0))),
        status: status(members),
        estimate: estimate(members, time(members)),
        identity: identity(members),
        label,
        sensors,
        updates: members.iter().fold(0, |sum: u32, held| sum.saturating_add(held.record.updates)),
        source_track: members.iter().all(|held| held.record.source_track),
        in_common: members.iter().fold(InCommon { word: false, motion: false }, |any, held| InCommon {
            word: any.word || held.record.in_common.word,
            motion: any.motion || held.record.in_common.motion,
        }),
    }
}

/// The first whole second that is not before any member.
fn time(members: &[&Held]) -> Timestamp {
    let newest = members.iter().map(|held| held.record.estimate.time).max().unwrap_or(Timestamp::EPOCH);
    let second = Span::from_secs(1).as_nanos();
    Timestamp::from_nanos(newest.as_nanos().saturating_add(second - 1).div_euclid(second).saturating_mul(second))
}

/// Seen by anybody is seen.
fn status(members: &[&Held]) -> Option<TrackStatus> {
    let seen = members.iter().any(|held| held.record.status == Some(TrackStatus::Confirmed));
    Some(if seen { TrackStatus::Confirmed } else { TrackStatus::Coasted })
}

/// The estimate of all at a time.
#[must_use]
pub fn estimate(members: &[&Held], time: Timestamp) -> Estimate {
    let at: Vec<Predicted> = members.iter().map(|held| predicted(held, time)).collect();
    let (origin, axes) = (at[0].place, at[0].axes);
    let states: Vec<GaussianState> = at.iter().map(|p| state(p, &origin, &axes, time)).collect();
    let (own, mut others) = own_and_others(members, &states);
    let whole = own.or_else(|| others.pop()).and_then(|first| intersect_all(&first, &others).ok());
    // Numbers that overflow come from covariances that say nothing; the first is as good as any.
    let whole = whole.unwrap_or(states[0]);
    let (place, velocity) = (whole.mean.fixed_rows::<3>(0), whole.mean.fixed_rows::<3>(3));
    Estimate {
        time,
        position: Position::from_vector(origin + axes.tr_mul(&place)),
        velocity: Velocity::from_vector(axes.tr_mul(&velocity)),
        covariance: whole.covariance,
    }
}

/// Over the few kilometres between sayings of one object the local axes hardly turn: each covariance is taken as
/// told.
fn state(at: &Predicted, origin: &Vector3<f64>, axes: &Matrix3<f64>, time: Timestamp) -> GaussianState {
    let mean = state_vector(&(axes * (at.place - origin)), &(axes * at.velocity));
    GaussianState { mean, covariance: at.covariance, time }
}

/// What trackers say together, and each estimate that was made elsewhere.
fn own_and_others(members: &[&Held], states: &[GaussianState]) -> (Option<GaussianState>, Vec<GaussianState>) {
    let is_own = |k: &usize| !members[*k].record.source_track;
    let own: Vec<usize> = (0..members.len()).filter(is_own).collect();
    let others = (0..members.len()).filter(|k| !is_own(k)).map(|k| states[k]).collect();
    let groups = linked(members, &own, may_share_a_source);
    let mut apart: Vec<GaussianState> = groups.iter().map(|group| intersected(group, states)).collect();
    if apart.len() > SHARED_MOTION_MAX {
        // Those that know the place best; a stable sort keeps the order of tracks among equals.
        apart.sort_by(|a, b| spread(a).total_cmp(&spread(b)));
        apart.truncate(SHARED_MOTION_MAX);
    }
    let moves = own.iter().any(|k| members[*k].record.in_common.motion);
    let together = apart.split_first().map(|(first, rest)| {
        let combine = if moves { shared_motion::combine } else { shared_motion::combine_independent };
        let combined = combine(first, rest).ok();
        let combined = combined.or_else(|| intersect_all(first, rest).ok()).unwrap_or(*first);
        if may_share_a_height(members, &own) { with_one_height(&combined, &apart) } else { combined }
    });
    (together, others)
}

/// Whether two were made from answers of one transponder.
fn may_share_a_height(members: &[&Held], among: &[usize]) -> bool {
    let mut addressed = among.iter().filter(|k| members[**k].record.identity.address.is_some());
    addressed.next().is_some() && addressed.next().is_some()
}

/// The height no surer than in the estimate that is surest of it.
fn with_one_height(combined: &GaussianState, apart: &[GaussianState]) -> GaussianState {
    let mut p = *combined.covariance.matrix();
    for up in [2, 5] {
        let surest = apart.iter().map(|each| each.covariance.matrix()[(up, up)]).fold(f64::INFINITY, f64::min);
        p[(up, up)] = p[(up, up)].max(surest);
    }
    // What is added along the diagonal keeps it positive definite; if rounding wins, it is as good as before.
    Covariance::new(p).map_or(*combined, |covariance| GaussianState { covariance, ..*combined })
}

fn spread(state: &GaussianState) -> f64 {
    state.position_covariance().trace()
}

fn intersected(group: &[usize], states: &[GaussianState]) -> GaussianState {
    let states: Vec<GaussianState> = group.iter().take(INTERSECTED_MAX).map(|k| states[*k]).collect();
    intersect_all(&states[0], &states[1..]).unwrap_or(states[0])
}

/// Members that may share something, together; in the order of their first.
fn linked(members: &[&Held], among: &[usize], share: fn(&Held, &Held) -> bool) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for k in among {
        let fed_alike = |group: &Vec<usize>| group.iter().any(|i| share(members[*i], members[*k]));
        let (mut joined, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(fed_alike);
        groups = apart;
        joined.push(vec![*k]);
        groups.push(joined.concat());
    }
    groups.iter_mut().for_each(|group| group.sort_unstable());
    groups.sort_unstable();
    groups
}

fn may_share_a_source(a: &Held, b: &Held) -> bool {
    let (a, b) = (&a.record, &b.record);
    a.id.origin.node == b.id.origin.node
        || a.in_common.word && b.in_common.word
        || a.sensors.iter().any(|sensor| b.sensors.contains(sensor))
}

/// What equipment says of itself it says to all who hear it.
fn may_share_a_saying(a: &Held, b: &Held) -> bool {
    may_share_a_source(a, b) || a.record.identity.same_address(&b.record.identity)
}

/// Who it is: of what can be said once the latest saying, of the class what all say.
fn identity(members: &[&Held]) -> Identity {
    let mut by_time: Vec<&&Held> = members.iter().collect();
    by_time.sort_by_key(|held| (held.record.estimate.time, held.record.id));
    let mut whole = Identity::UNKNOWN;
    for held in by_time {
        let nothing = (ObjectClass::Unknown, ClassBelief::UNKNOWN);
        let mut said = held.record.identity.clone();
        (said.class, said.belief) = nothing;
        whole.absorb(&said);
    }
    if let [only] = members {
        (whole.class, whole.belief) = (only.record.identity.class, only.record.identity.belief);
        return whole;
    }
    let all: Vec<usize> = (0..members.len()).collect();
    for group in linked(members, &all, may_share_a_saying) {
        let sayings = group.iter().map(|k| &members[*k].record.identity);
        // The first of the clearest: a later one has to be clearer.
        let clearest = sayings.reduce(|best, next| if clarity(next) > clarity(best) { next } else { best });
        if let Some(clearest) = clearest {
            whole.absorb(&Identity { class: clearest.class, belief: clearest.belief, ..Identity::UNKNOWN });
        }
    }
    whole
}

/// The greatest probability of a class; that a thing transmits is little, yet more than nothing.
fn clarity(identity: &Identity) -> f64 {
    let sure = identity.class_belief().probabilities().into_iter().fold(0.0, f64::max);
    if identity.class == ObjectClass::Emitter { sure + 1e-3 } else { sure }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fusion_core::identity::Address;
    use fusion_core::label::Label;
    use fusion_core::nalgebra::Matrix6;
    use fusion_core::track::{NodeId, Origin, TrackNumber};
    use proto::row::gate::GateWidth;

    const ALONE: InCommon = InCommon { word: false, motion: false };

    /// What a settled tracker says: q = 0.1 m²/s³, ω = 0.1 /s.
    fn settled() -> Covariance<6> {
        let mut p = Matrix6::zeros();
        for k in 0..3 {
            (p[(k, k)], p[(k + 3, k + 3)]) = (141.0, 1.41);
            (p[(k, k + 3)], p[(k + 3, k)]) = (10.0, 10.0);
        }
        Covariance::new(p).expect("positive definite")
    }

    fn held(node: u64, in_common: InCommon, address: Option<u32>) -> Held {
        let place = fusion_core::geodesy::Geodetic::from_degrees(52.0, 21.0, 300.0).expect("plausible");
        let id = TrackId { origin: Origin { node: NodeId(node), incarnation: 1 }, number: TrackNumber(node) };
        let estimate = Estimate {
            time: Timestamp::from_secs(1_700_000_000),
            position: place.to_ecef(),
            velocity: Velocity::new(0.0, 0.0, 0.0),
            covariance: settled(),
        };
        let record = TrackRecord {
            id,
            version: Seq(1),
            status: Some(TrackStatus::Confirmed),
            estimate,
            identity: Identity { address: address.map(Address::Icao), ..Identity::UNKNOWN },
            label: Label::STRICTEST,
            sensors: vec![format!("sensor-{node}")],
            updates: 9,
            source_track: false,
            in_common,
        };
        Held { record, claim: None, gate: GateWidth::Two }
    }

    /// Variances of the combination as shares of one member's: to the east, of the height.
    fn shares(members: [&Held; 2]) -> [f64; 2] {
        let combined = combine(members[0].record.id, &members).estimate.covariance;
        [0, 2].map(|k| combined.matrix()[(k, k)] / settled().matrix()[(k, k)])
    }

    fn nearly(shares: [f64; 2], expected: [f64; 2]) -> bool {
        shares.iter().zip(expected).all(|(share, expected)| (share - expected).abs() < 0.01)
    }

    #[test]
    fn what_an_object_says_of_itself_is_never_counted_twice() {
        let heard = InCommon { word: true, motion: false };
        for address in [Some(0xA1), None] {
            let both = shares([&held(1, heard, Some(0xA1)), &held(2, heard, address)]);
            assert!(nearly(both, [1.0, 1.0]), "{both:?}");
        }
        let both = shares([&held(1, InCommon::UNKNOWN, None), &held(2, InCommon::UNKNOWN, None)]);
        assert!(nearly(both, [1.0, 1.0]), "who does not tell is taken to have heard it: {both:?}");
        let one = shares([&held(1, heard, Some(0xA1)), &held(2, ALONE, Some(0xA1))]);
        assert!(nearly(one, [0.5, 1.0]), "one of them measured for himself: {one:?}");
    }

    #[test]
    fn radars_that_hear_one_address_know_the_place_twice_and_the_height_once() {
        let answered = shares([&held(1, ALONE, Some(0xA1)), &held(2, ALONE, Some(0xA1))]);
        assert!(nearly(answered, [0.5, 1.0]), "{answered:?}");
        let dark = shares([&held(1, ALONE, None), &held(2, ALONE, None)]);
        assert!(nearly(dark, [0.5, 0.5]), "{dark:?}");
    }

    #[test]
    fn who_saw_the_target_swerve_speaks_for_all() {
        let moved = InCommon { word: false, motion: true };
        let calm = shares([&held(1, ALONE, None), &held(2, ALONE, None)]);
        let one = shares([&held(1, moved, None), &held(2, ALONE, None)]);
        let both = shares([&held(1, moved, None), &held(2, moved, None)]);
        assert!(nearly(calm, [0.5, 0.5]) && nearly(one, both) && nearly(both, [0.625, 0.625]), "{calm:?} {both:?}");
    }
}
