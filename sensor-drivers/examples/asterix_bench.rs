//! Records per second through each layer of the ASTERIX codec, on one core: `cargo run --release --example
//! asterix_bench`. The load is that of a Mode S radar: 13 items a record, two BDS registers, nine records a block, a
//! sector message per block.

use std::time::{Duration, Instant};

use fusion_core::time::{Span, Timestamp};
use sensor_drivers::asterix::cat034::{MessageType, Sector, ServiceMessage};
use sensor_drivers::asterix::cat048::{
    Capability, Descriptor, FlightLevel, Mode3A, PolarPosition, TargetReport, TrackNumber, TrackStatus, TrackVelocity,
};
use sensor_drivers::asterix::common::{AircraftAddress, AircraftIdentification, BdsRegister, DataSource, TimeOfDay};
use sensor_drivers::asterix::radar::{RadarConfig, RadarDecoder};
use sensor_drivers::asterix::wire::TypedRecord;
use sensor_drivers::asterix::{CATALOGUE, describe, records, write_block};
use sensor_drivers::decoder::Decoder;

const TURNS: u32 = 60;
const SECTORS: u32 = 32;
const PLOTS_PER_SECTOR: u32 = 9;
const RUN: Duration = Duration::from_secs(2);

fn main() {
    let datagrams: Vec<_> = (0..TURNS * SECTORS).map(datagram).collect();
    let octets: usize = datagrams.iter().map(|(_, bytes)| bytes.len()).sum();
    let total = datagrams.len() * (PLOTS_PER_SECTOR as usize + 1);
    println!("{total} records, {octets} octets, {} datagrams", datagrams.len());
    measure("structure only", total, || count(&datagrams, |bytes| records(bytes, CATALOGUE).flatten().count()));
    measure("structs", total, || {
        count(&datagrams, |bytes| records(bytes, CATALOGUE).flatten().filter(|r| TargetReport::of(r).is_some()).count())
    });
    measure("driver, to scans", total, || {
        let mut decoder = RadarDecoder::new(RadarConfig::default());
        datagrams.iter().map(|(received, bytes)| drive(&mut decoder, bytes, *received)).sum()
    });
    measure("JSON", total, || count(&datagrams, |bytes| describe(bytes).flatten().count()));
    measure("encode", total, || (0..TURNS * SECTORS).map(|step| datagram(step).1.len()).sum());
}

fn count(datagrams: &[(Timestamp, Vec<u8>)], each: impl Fn(&[u8]) -> usize) -> usize {
    datagrams.iter().map(|(_, bytes)| each(bytes)).sum()
}

fn drive(decoder: &mut RadarDecoder, bytes: &[u8], received: Timestamp) -> usize {
    decoder.handle_bytes(bytes, received);
    std::iter::from_fn(|| decoder.poll_report()).count()
}

/// Repeats the pass for a while and prints the rate of the fastest one.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn measure(name: &str, records: usize, mut pass: impl FnMut() -> usize) {
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed() < RUN {
        let pass_begin = Instant::now();
        std::hint::black_box(pass());
        best = best.min(pass_begin.elapsed());
    }
    let nanos = best.as_nanos() / records as u128;
    println!("{name:20} {:>12} records/s {nanos:>6} ns/record", 1_000_000_000 / nanos.max(1));
}

/// One sector's plots and the message that ends it.
fn datagram(step: u32) -> (Timestamp, Vec<u8>) {
    let begin = Timestamp::from_secs(1_700_000_000) + Span::from_millis(i64::from(step) * 125);
    let reports: Vec<_> = (0..PLOTS_PER_SECTOR).map(|n| report(step, n, begin)).collect();
    let end = begin + Span::from_millis(125);
    let crossing = ServiceMessage {
        source: Some(SOURCE),
        message_type: Some(MessageType::SECTOR_CROSSING),
        time_of_day: Some(TimeOfDay::at(end)),
        sector: Some(Sector { azimuth: ((step + 1) % SECTORS * 8).to_le_bytes()[0] }),
        ..ServiceMessage::default()
    };
    let mut bytes = Vec::new();
    append(&reports, &mut bytes);
    append(&[crossing], &mut bytes);
    (end + Span::from_millis(20), bytes)
}

fn append<R: TypedRecord>(records: &[R], out: &mut Vec<u8>) {
    write_block(records, out).expect("every value fits");
}

const SOURCE: DataSource = DataSource { sac: 25, sic: 13 };

fn report(step: u32, number: u32, begin: Timestamp) -> TargetReport {
    let azimuth = (f64::from(step % SECTORS) + f64::from(number) / 10.0) * std::f64::consts::TAU / f64::from(SECTORS);
    let register = BdsRegister { mbdata: u64::from(step) << 20, bds1: 4, bds2: 0 };
    TargetReport {
        source: Some(SOURCE),
        time_of_day: Some(TimeOfDay::at(begin + Span::from_millis(i64::from(number) * 12))),
        descriptor: Some(Descriptor { typ: 5, ..Descriptor::default() }),
        position: PolarPosition::from_si(20_000.0 + 9_000.0 * f64::from(number), azimuth),
        mode_3a: Some(Mode3A { mode3a: 0o2303, ..Mode3A::default() }),
        flight_level: FlightLevel::from_si(10_972.8),
        address: Some(AircraftAddress { address: 0x4B_0000 + number }),
        identification: AircraftIdentification::from_text("IBE34AB"),
        registers: Some(vec![register, register]),
        track_number: Some(TrackNumber { trn: 42 }),
        velocity: Some(TrackVelocity { gsp: 1792, hdg: 32_768 }),
        track_status: Some(TrackStatus::default()),
        capability: Some(Capability { com: 1, ..Capability::default() }),
        ..TargetReport::default()
    }
}
