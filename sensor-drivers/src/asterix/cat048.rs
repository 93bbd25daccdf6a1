//! CAT048 as structs: target reports of one radar, edition 1.32.
//!
//! Fields carry the mnemonics of the standard in lower case; accessors give SI units. Azimuths are clockwise from the
//! north of the radar, ranges are slant ranges.

mod classification;
mod descriptor;
mod plot;
mod track;
mod transponder;

use std::f64::consts::TAU;

use super::common::{
    AircraftAddress, AircraftIdentification, BdsRegister, DataSource, Explicit, FOOT_M, TimeOfDay, Warnings,
};
use super::excerpt::excerpt;
use super::spec::{CAT048, Spec};
use super::wire::{TypedRecord, compound};

pub use classification::Classification;
pub use descriptor::{Descriptor, Descriptor2, Descriptor3, Descriptor4, Descriptor5, Descriptor6, Detection};
pub use plot::{
    CalculatedDoppler, FirstDoppler, Height3d, PlotCharacteristics, PolarPosition, RadialDoppler, RawDoppler,
};
pub use track::{CartesianPosition, TrackNumber, TrackQuality, TrackStatus, TrackStatus2, TrackVelocity};
pub use transponder::{
    Capability, CodeConfidence, FlightLevel, Mode1, Mode1Confidence, Mode2, Mode3A, ModeC, ResolutionAdvisory,
};

compound! {
    /// One target report: a plot, with what the transponder said and what the local tracker made of it.
    TargetReport of 28 {
        /// Who sends.
        1 "010" source: DataSource,
        /// When the target was seen, UTC.
        2 "140" time_of_day: TimeOfDay,
        /// How it was seen.
        3 "020" descriptor: Descriptor,
        /// Where it was seen.
        4 "040" position: PolarPosition,
        /// Mode 3/A code.
        5 "070" mode_3a: Mode3A,
        /// Pressure altitude.
        6 "090" flight_level: FlightLevel,
        /// How the plot looked.
        7 "130" plot: PlotCharacteristics,
        /// 24-bit aircraft address.
        8 "220" address: AircraftAddress,
        /// Callsign or registration.
        9 "240" identification: AircraftIdentification,
        /// Comm-B registers.
        10 "250" registers: Vec<BdsRegister>,
        /// Number of the local track.
        11 "161" track_number: TrackNumber,
        /// Position computed by the local tracker.
        12 "042" calculated: CartesianPosition,
        /// Velocity computed by the local tracker.
        13 "200" velocity: TrackVelocity,
        /// State of the local track.
        14 "170" track_status: TrackStatus,
        /// Standard deviations of the local track.
        15 "210" track_quality: TrackQuality,
        /// Warnings, errors, classification.
        16 "030" warnings: Warnings,
        /// Low-quality pulses of the Mode 3/A code.
        17 "080" mode_3a_confidence: CodeConfidence,
        /// Mode C code as received.
        18 "100" mode_c: ModeC,
        /// Height measured by the radar itself.
        19 "110" height: Height3d,
        /// Doppler speed.
        20 "120" doppler: RadialDoppler,
        /// Capabilities of the transponder and flight status.
        21 "230" capability: Capability,
        /// ACAS resolution advisory.
        22 "260" resolution: ResolutionAdvisory,
        /// Mode 1 code.
        23 "055" mode_1: Mode1,
        /// Mode 2 code.
        24 "050" mode_2: Mode2,
        /// Low-quality pulses of the Mode 1 code.
        25 "065" mode_1_confidence: Mode1Confidence,
        /// Low-quality pulses of the Mode 2 code.
        26 "060" mode_2_confidence: CodeConfidence,
        /// Special purpose field.
        27 "SP" special: Explicit,
        /// Reserved expansion field.
        28 "RE" expansion: Explicit,
    }
}

impl TypedRecord for TargetReport {
    const SPEC: &'static Spec = &CAT048;
}

excerpt! {
    /// What a tracker wants of a target report.
    Plot of CAT048 {
        /// Who sends.
        1 "010" source: DataSource,
        /// When the target was seen, UTC.
        2 "140" time_of_day: TimeOfDay,
        /// How it was seen.
        3 "020" descriptor: Descriptor,
        /// Where it was seen.
        4 "040" position: PolarPosition,
        /// Mode 3/A code.
        5 "070" mode_3a: Mode3A,
        /// Pressure altitude.
        6 "090" flight_level: FlightLevel,
        /// 24-bit aircraft address.
        8 "220" address: AircraftAddress,
        /// Callsign or registration.
        9 "240" identification: AircraftIdentification,
        /// Classification, among warnings and errors.
        16 "030" classification: Classification,
        /// Height measured by the radar itself.
        19 "110" height: Height3d,
        /// Doppler speed.
        20 "120" doppler: FirstDoppler,
        /// Capabilities of the transponder and flight status.
        21 "230" capability: Capability,
    }
}

/// Step of 16-bit azimuths in radians.
const THETA_STEP: f64 = TAU / 65_536.0;
/// Step of flight levels (a quarter of one) and of the 3D height, in metres.
const HEIGHT_STEP_M: f64 = 25.0 * FOOT_M;
/// Most steps of a 14-bit height.
const HEIGHT_STEPS: i32 = (1 << 13) - 1;

#[cfg(test)]
mod tests {
    use super::super::samples::DATAGRAM;
    use super::super::spec::{Content, Part, Shape};
    use super::super::wire::layout::{Layout, check, check_slots};
    use super::super::wire::write_block;
    use super::super::{CATALOGUE, records};
    use super::*;

    fn shape(name: &str) -> Shape {
        CAT048.by_name(name).expect("in the table").1.shape
    }

    fn fixed<T: Layout>(name: &str) {
        let Shape::Fixed(fixed) = shape(name) else { panic!("{name} is fixed") };
        check::<T>(fixed.content, 0);
    }

    fn subfield(name: &str, index: usize) -> Content {
        let Shape::Compound(subfields) = shape(name) else { panic!("{name} is compound") };
        match subfields[index].expect("in use").shape {
            Shape::Fixed(fixed) | Shape::Repeated(fixed) => fixed.content,
            Shape::Extended(_) | Shape::Chained(_) | Shape::Explicit | Shape::Compound(_) => panic!("{name} {index}"),
        }
    }

    fn parts(name: &str) -> &'static [Part] {
        let Shape::Extended(parts) = shape(name) else { panic!("{name} is extended") };
        parts
    }

    #[test]
    fn the_structs_say_the_same_as_the_table() {
        check_slots(TargetReport::SLOTS, CAT048.uap);
        Plot::check(&CAT048);
        fixed::<DataSource>("010");
        fixed::<TimeOfDay>("140");
        fixed::<PolarPosition>("040");
        fixed::<Mode3A>("070");
        fixed::<FlightLevel>("090");
        fixed::<AircraftAddress>("220");
        fixed::<AircraftIdentification>("240");
        fixed::<TrackNumber>("161");
        fixed::<CartesianPosition>("042");
        fixed::<TrackVelocity>("200");
        fixed::<TrackQuality>("210");
        fixed::<CodeConfidence>("080");
        fixed::<ModeC>("100");
        fixed::<Height3d>("110");
        fixed::<Capability>("230");
        fixed::<ResolutionAdvisory>("260");
        fixed::<Mode1>("055");
        fixed::<Mode2>("050");
        fixed::<Mode1Confidence>("065");
        fixed::<CodeConfidence>("060");
    }

    #[test]
    fn the_parts_and_subfields_say_the_same_as_the_table() {
        let [a, b, c, d, e, f] = parts("020") else { panic!("six parts") };
        check::<Descriptor>(a.content, 1);
        check::<Descriptor2>(b.content, 1);
        check::<Descriptor3>(c.content, 1);
        check::<Descriptor4>(d.content, 1);
        check::<Descriptor5>(e.content, 1);
        check::<Descriptor6>(f.content, 1);
        let [a, b] = parts("170") else { panic!("two parts") };
        check::<TrackStatus>(a.content, 1);
        check::<TrackStatus2>(b.content, 1);
        let Shape::Repeated(registers) = shape("250") else { panic!("repeated") };
        check::<BdsRegister>(registers.content, 0);
        check::<CalculatedDoppler>(subfield("120", 0), 0);
        check::<RawDoppler>(subfield("120", 1), 0);
        let Shape::Compound(doppler) = shape("120") else { panic!("compound") };
        check_slots(RadialDoppler::SLOTS, doppler);
        let Shape::Compound(plot) = shape("130") else { panic!("compound") };
        check_slots(PlotCharacteristics::SLOTS, plot);
    }

    fn sample() -> TargetReport {
        let record = records(DATAGRAM, CATALOGUE).next().expect("one").expect("sound");
        TargetReport::of(&record).expect("of this category")
    }

    #[test]
    fn a_real_looking_report_reads_in_si_units() {
        let report = sample();
        let position = report.position.expect("040");
        assert!((position.range_m() - f64::from(0xC2D3_u16) / 256.0 * 1852.0).abs() < 1e-9);
        assert!((position.azimuth_rad().to_degrees() - f64::from(0x5B90_u16) * 360.0 / 65_536.0).abs() < 1e-9);
        assert!((report.time_of_day.expect("140").seconds() - 27_355.859_375).abs() < 1e-9);
        assert!((report.flight_level.expect("090").altitude_m() - 10_972.8).abs() < 1e-9);
        assert_eq!(report.descriptor.expect("020").detection(), Detection::ModeSRollCall);
        assert_eq!(report.mode_3a.expect("070").to_string(), "2303");
        assert_eq!(report.address.expect("220").to_string(), "4BAA11");
        assert_eq!(report.identification.expect("240").to_string(), "IBE34AB");
        assert_eq!(report.registers.as_ref().expect("250").len(), 2);
        assert_eq!(report.plot.as_ref().expect("130").sam, Some(-72));
        assert!((report.velocity.expect("200").speed_m_s() - 1792.0 / 16_384.0 * 1852.0).abs() < 1e-9);
    }

    #[test]
    fn any_number_of_registers_goes_both_ways() {
        for count in 0..=255_u8 {
            let register = BdsRegister { mbdata: u64::from(count) << 48, bds1: 4, bds2: 0 };
            let registers = vec![register; usize::from(count)];
            let report = TargetReport { registers: Some(registers), ..sample() };
            let mut block = Vec::new();
            write_block(&[report.clone(), report.clone()], &mut block).expect("fits");
            let back: Vec<_> = records(&block, CATALOGUE).map(|r| TargetReport::of(&r.expect("sound"))).collect();
            assert_eq!(back, [Some(report.clone()), Some(report)]);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_nothing_is_written() {
        let mut out = vec![7];
        let report = TargetReport { track_number: Some(TrackNumber { trn: 4096 }), ..sample() };
        let error = write_block(&[sample(), report], &mut out).expect_err("13 bits");
        assert_eq!((error.item, error.field, out), ("161", "trn", vec![7]));
    }

    #[test]
    fn si_units_round_to_the_nearest_step() {
        let position = PolarPosition::from_si(10_000.0, -0.1).expect("in range");
        assert!((position.range_m() - 10_000.0).abs() < 1852.0 / 512.0);
        assert!((position.azimuth_rad() - (TAU - 0.1)).abs() < TAU / 131_072.0);
        assert_eq!(PolarPosition::from_si(0.0, TAU - 1e-9), Some(PolarPosition { rho: 0, theta: 0 }));
        assert_eq!(PolarPosition::from_si(500_000.0, 0.0), None);
        assert_eq!(PolarPosition::from_si(f64::NAN, 0.0), None);
        assert_eq!(FlightLevel::from_si(-30.0).map(|level| level.fl), Some(-4));
    }
}
