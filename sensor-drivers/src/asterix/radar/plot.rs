//! One target report becomes one return: what was measured with its sigmas, and who the target says it is.

use fusion_core::angle::Angle;
use fusion_core::identity::{Address, Affiliation, Identity, ObjectClass};

use super::{Doppler, PolarSigmas, RadarConfig};
use crate::asterix::cat048::{Classification, Descriptor, Detection, Plot, PolarPosition};
use crate::asterix::target::with_rounding;
use crate::decoder::{Measured, Place, Polar, Return};

/// Why a target report is no measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dismissal {
    /// The radar saw nothing and extrapolated.
    NoDetection,
    /// A simulated target.
    Simulated,
    /// A test target.
    Test,
    /// A fixed transponder that monitors the radar.
    FieldMonitor,
    /// How or where it was seen is not told.
    Incomplete,
}

/// The return in a target report, if it is a measurement that the configuration wants.
pub(super) fn measured(report: &Plot, config: &RadarConfig) -> Result<Return, Dismissal> {
    let descriptor = report.descriptor.ok_or(Dismissal::Incomplete)?;
    if let Some(dismissal) = dismissed(&descriptor, config) {
        return Err(dismissal);
    }
    let position = report.position.filter(|position| !position.is_beyond_field()).ok_or(Dismissal::Incomplete)?;
    let sigmas = if descriptor.detection() == Detection::Primary { config.primary } else { config.secondary };
    Ok(Return::unnamed(Place::Polar(polar(report, position, sigmas, config)), identity(report)))
}

fn dismissed(descriptor: &Descriptor, config: &RadarConfig) -> Option<Dismissal> {
    if descriptor.detection() == Detection::None {
        Some(Dismissal::NoDetection)
    } else if descriptor.sim && !config.keep_simulated {
        Some(Dismissal::Simulated)
    } else if descriptor.is_test() && !config.keep_test_targets {
        Some(Dismissal::Test)
    } else if descriptor.rab && !config.keep_field_monitors {
        Some(Dismissal::FieldMonitor)
    } else {
        None
    }
}

fn polar(report: &Plot, position: PolarPosition, sigmas: PolarSigmas, config: &RadarConfig) -> Polar {
    Polar {
        azimuth: Measured {
            value: Angle::from_radians(position.azimuth_rad()).radians(),
            sigma: with_rounding(sigmas.azimuth_rad, PolarPosition::AZIMUTH_STEP_RAD),
        },
        range: Some(Measured {
            value: position.range_m(),
            sigma: with_rounding(sigmas.range_m, PolarPosition::RANGE_STEP_M),
        }),
        elevation: None,
        height: height(report, config),
        range_rate: range_rate(report, config),
    }
}

/// The pressure altitude if it was validated and came through clear, else the radar's own height.
fn height(report: &Plot, config: &RadarConfig) -> Option<Measured> {
    let level = report.flight_level.filter(|level| level.is_good());
    let level = level.map(|level| Measured { value: level.altitude_m(), sigma: config.flight_level_sigma_m });
    level.or_else(|| {
        report.height.map(|own| Measured { value: own.height_m() + config.geoid_m, sigma: config.height_sigma_m })
    })
}

fn range_rate(report: &Plot, config: &RadarConfig) -> Option<Measured> {
    let sign = match config.doppler {
        Doppler::Ignored => return None,
        Doppler::Opening => 1.0,
        Doppler::Closing => -1.0,
    };
    let calculated = report.doppler?.cal.filter(|calculated| !calculated.d)?;
    Some(Measured { value: sign * calculated.speed_m_s(), sigma: with_rounding(config.doppler_sigma_m_s, 1.0) })
}

/// Who the target is, as far as it was said clearly.
fn identity(report: &Plot) -> Identity {
    Identity {
        address: report.address.map(|address| Address::Icao(address.address)),
        name: report.identification.and_then(|said| said.name()),
        mode_3a: report.mode_3a.filter(|code| !code.v && !code.g).map(|code| code.mode3a),
        class: class(report),
        affiliation: affiliation(report),
        ..Identity::UNKNOWN
    }
}

fn class(report: &Plot) -> ObjectClass {
    let Classification { helicopter, terrestrial_vehicle } = report.classification.unwrap_or_default();
    if helicopter {
        ObjectClass::Rotary
    } else if terrestrial_vehicle {
        ObjectClass::Ground
    } else if report.capability.and_then(|capability| capability.airborne()) == Some(true) {
        ObjectClass::Air
    } else {
        ObjectClass::Unknown
    }
}

/// A valid Mode 4 reply is a friend's. No reply, or an unknown one, says nothing.
fn affiliation(report: &Plot) -> Affiliation {
    const FRIENDLY: u8 = 1;
    let second = report.descriptor.and_then(|descriptor| descriptor.more);
    if second.is_some_and(|second| second.foefri == FRIENDLY) { Affiliation::Friend } else { Affiliation::Pending }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asterix::cat048::{
        CalculatedDoppler, Capability, Descriptor2, FirstDoppler, FlightLevel, Height3d, Mode3A,
    };
    use crate::asterix::common::{AircraftAddress, AircraftIdentification};

    fn seen(typ: u8) -> Plot {
        Plot {
            descriptor: Some(Descriptor { typ, ..Descriptor::default() }),
            position: PolarPosition::from_si(20_000.0, 4.0),
            ..Plot::default()
        }
    }

    fn described(change: impl Fn(&mut Descriptor)) -> Plot {
        let mut report = seen(2);
        change(report.descriptor.as_mut().expect("present"));
        report
    }

    fn polar_of(report: &Plot, config: &RadarConfig) -> Polar {
        match measured(report, config).expect("a measurement").place {
            Place::Polar(polar) => polar,
            Place::Geodetic(_) => panic!("radars measure range and azimuth"),
        }
    }

    #[test]
    fn what_was_not_detected_is_never_a_measurement() {
        let everything = RadarConfig {
            keep_simulated: true,
            keep_test_targets: true,
            keep_field_monitors: true,
            ..RadarConfig::default()
        };
        assert_eq!(measured(&seen(0), &everything), Err(Dismissal::NoDetection));
    }

    #[test]
    fn targets_that_are_none_are_dismissed_unless_wanted() {
        let second = Some(Descriptor2 { tst: true, ..Descriptor2::default() });
        let cases = [
            (described(|d| d.sim = true), Dismissal::Simulated),
            (described(|d| d.more = second), Dismissal::Test),
            (described(|d| d.rab = true), Dismissal::FieldMonitor),
        ];
        let wanted = RadarConfig { keep_simulated: true, keep_test_targets: true, ..RadarConfig::default() };
        let wanted = RadarConfig { keep_field_monitors: true, ..wanted };
        for (report, dismissal) in cases {
            assert_eq!(measured(&report, &RadarConfig::default()), Err(dismissal));
            assert!(measured(&report, &wanted).is_ok());
        }
    }

    #[test]
    fn a_report_without_position_or_descriptor_is_incomplete() {
        let config = RadarConfig::default();
        assert_eq!(measured(&Plot { position: None, ..seen(2) }, &config), Err(Dismissal::Incomplete));
        let beyond = Some(PolarPosition { rho: u16::MAX, theta: 0 });
        assert_eq!(measured(&Plot { position: beyond, ..seen(2) }, &config), Err(Dismissal::Incomplete));
        assert_eq!(measured(&Plot { descriptor: None, ..seen(2) }, &config), Err(Dismissal::Incomplete));
    }

    #[test]
    fn a_primary_plot_is_less_sharp_than_a_secondary_one() {
        let config = RadarConfig::default();
        let (primary, both) = (polar_of(&seen(1), &config), polar_of(&seen(3), &config));
        assert!(primary.azimuth.sigma > both.azimuth.sigma);
        assert!(primary.range.expect("measured").sigma > both.range.expect("measured").sigma);
        assert!((both.azimuth.value - (4.0 - std::f64::consts::TAU)).abs() < 1e-4, "wrapped");
    }

    #[test]
    fn height_is_the_clear_flight_level_else_the_radars_own() {
        let config = RadarConfig { geoid_m: 30.0, ..RadarConfig::default() };
        let level = FlightLevel::from_si(3048.0).expect("in range");
        let report = Plot { flight_level: Some(level), height: Height3d::from_si(3200.4), ..seen(5) };
        let height = |report| polar_of(&report, &config).height.map(|height| height.value);
        assert_eq!(height(report), Some(level.altitude_m()));
        let garbled = Some(FlightLevel { g: true, ..level });
        let own = Plot { flight_level: garbled, ..report };
        assert!((height(own).expect("the radar's own, above the sea") - 3230.4).abs() < 1e-9);
        assert_eq!(height(Plot { flight_level: garbled, height: None, ..report }), None);
    }

    #[test]
    fn doppler_counts_only_with_a_known_sign_and_no_doubt() {
        let report =
            |d| Plot { doppler: Some(FirstDoppler { cal: Some(CalculatedDoppler { d, cal: -30 }) }), ..seen(1) };
        let rate = |report, doppler| {
            let config = RadarConfig { doppler, ..RadarConfig::default() };
            polar_of(&report, &config).range_rate.map(|rate| rate.value)
        };
        assert_eq!(rate(report(false), Doppler::Opening), Some(-30.0));
        assert_eq!(rate(report(false), Doppler::Closing), Some(30.0));
        assert_eq!(rate(report(false), Doppler::Ignored), None);
        assert_eq!(rate(report(true), Doppler::Opening), None);
    }

    #[test]
    fn identity_is_what_was_said_clearly() {
        let code = Mode3A { mode3a: 0o7000, ..Mode3A::default() };
        let mut report = Plot {
            address: Some(AircraftAddress { address: 0x4B_AA11 }),
            identification: AircraftIdentification::from_text("IBE34AB"),
            mode_3a: Some(code),
            capability: Some(Capability { stat: 0, ..Capability::default() }),
            ..seen(5)
        };
        let said = identity(&report);
        assert_eq!((said.address, said.mode_3a), (Some(Address::Icao(0x4B_AA11)), Some(0o7000)));
        assert_eq!((said.name.as_deref(), said.class), (Some("IBE34AB"), ObjectClass::Air));
        report.mode_3a = Some(Mode3A { g: true, ..code });
        report.identification = AircraftIdentification::from_text("");
        report.classification = Some(Classification { helicopter: true, ..Classification::default() });
        let said = identity(&report);
        assert_eq!((said.mode_3a, said.name, said.class), (None, None, ObjectClass::Rotary));
    }
}
