//! Plots become scans: what the antenna swept between two sector messages, with what was seen there.
//!
//! A sector message tells that the antenna passes an azimuth; two of them bound a sweep. Some radars send the plots of
//! a sweep before the message that ends it, others seconds later while the messages run ahead, so a sweep stays open
//! for as long as plots have lately been late. A plot belongs to the sweep whose azimuths include it, in the turn that
//! its time tells. A swept sector without a plot is a scan too: that is what a miss is; it is claimed only while plots
//! keep coming in time for their sweeps.
//!
//! Where no sector messages come, or a plot fits no sweep, the plots are scans by themselves, of which nothing follows
//! for those that were not seen.
//!
//! A scan has one time, the mean of its plots': with 32 sectors in 4 s that is right within 62 ms.

use std::collections::VecDeque;
use std::f64::consts::{PI, TAU};

use fusion_core::angle::Angle;
use fusion_core::measurement::Coverage;
use fusion_core::time::{Span, Timestamp};

use super::peak::Peak;
use crate::decoder::{OwnedScan, Return, SCAN_RETURNS_MAX, Spare, TimeQuality};

/// Sweeps held open. At 64 sectors in 4 s this is more than the longest wait; beyond, the oldest closes early. Counter:
/// `SweepTally::closed_early`.
const SWEEPS_MAX: usize = 256;
/// The longest time for which a sweep waits for its plots.
const WAIT_MAX: Span = Span::from_secs(10);
/// A plot later than half a turn and this has gone astray; nobody waits for its like.
const PROCESSING: Span = Span::from_secs(2);
/// How late plots are is forgotten after one to two of these.
const LATENESS_WINDOW: Span = Span::from_secs(10);
/// How late plots are must be learned for this long, since the first sweep or the last plot that was too late, before
/// an empty sector means anything.
const LEARNING: Span = Span::from_secs(5);
/// Plots without a sweep that are farther apart in time than this are separate scans: at 250 m/s, 16 m.
const SPREAD: Span = Span::from_nanos(62_500_000);

/// A return on its way into a scan.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    pub(super) time: Timestamp,
    pub(super) quality: TimeQuality,
    pub(super) azimuth: Angle,
    pub(super) seen: Return,
}

/// The antenna passes an azimuth.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crossing {
    pub(super) azimuth: Angle,
    pub(super) time: Timestamp,
    pub(super) quality: TimeQuality,
    pub(super) received: Timestamp,
}

/// What happened to plots and sweeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SweepTally {
    /// Scans of a swept sector.
    pub(super) swept: u64,
    /// Scans of plots without a sector.
    pub(super) unswept: u64,
    /// Plots whose sweep was closed already: scans without a sector.
    pub(super) late: u64,
    /// Sector messages that bound no sweep with the one before: some between were lost.
    pub(super) broken: u64,
    /// Sweeps closed early because too many were open.
    pub(super) closed_early: u64,
    /// Plots given out without a sector because too many waited.
    pub(super) overflowed: u64,
}

/// Gathers plots into scans.
#[derive(Debug)]
pub(super) struct Assembler {
    silence_max: Span,
    last: Option<Crossing>,
    /// Time of one turn by the last sweep.
    turn: Option<Span>,
    service: Option<Service>,
    lateness: Peak,
    open: VecDeque<Sweep>,
    waiting: Vec<Plot>,
    late: Vec<Plot>,
    /// Plots on their way out; empty between calls, for its memory.
    leaving: Vec<Plot>,
    spare: Spare,
    ready: VecDeque<OwnedScan>,
    tally: SweepTally,
}

/// Sector messages come regularly.
#[derive(Clone, Copy, Debug)]
struct Service {
    /// End of the first sweep, or when a plot was too late for its sweep.
    learning_since: Timestamp,
    /// When the message that ended the last sweep was received.
    heard: Timestamp,
    /// End of the last sweep that was closed.
    closed: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Sweep {
    from: Angle,
    width_rad: f64,
    begin: Timestamp,
    end: Timestamp,
    turn: Span,
    quality: TimeQuality,
}

impl Assembler {
    /// Nothing heard; sector messages count as gone after `silence_max`.
    pub(super) fn new(silence_max: Span) -> Self {
        Self {
            silence_max,
            last: None,
            turn: None,
            service: None,
            lateness: Peak::new(LATENESS_WINDOW),
            open: VecDeque::new(),
            waiting: Vec::new(),
            late: Vec::new(),
            leaving: Vec::new(),
            spare: Spare::default(),
            ready: VecDeque::new(),
            tally: SweepTally { swept: 0, unswept: 0, late: 0, broken: 0, closed_early: 0, overflowed: 0 },
        }
    }

    /// The next finished scan.
    pub(super) fn poll_scan(&mut self) -> Option<OwnedScan> {
        self.ready.pop_front()
    }

    pub(super) const fn tally(&self) -> &SweepTally {
        &self.tally
    }

    /// Takes a plot.
    pub(super) fn handle_plot(&mut self, plot: Plot, received: Timestamp) {
        self.note_lateness(&plot, received);
        if let (Some(service), Some(last)) = (&mut self.service, self.last)
            && plot.time < service.closed
            && !self.open.iter().any(|sweep| sweep.takes(&plot))
        {
            service.learning_since = last.time;
            self.tally.late += 1;
            self.late.push(plot);
            if self.late.len() >= SCAN_RETURNS_MAX {
                self.give_out_late();
            }
            return;
        }
        if self.waiting.len() >= SCAN_RETURNS_MAX {
            self.tally.overflowed += self.waiting.len() as u64;
            self.give_out_waiting();
        }
        self.waiting.push(plot);
    }

    fn note_lateness(&mut self, plot: &Plot, received: Timestamp) {
        if let (Some(turn), Some(last)) = (self.turn, self.last) {
            let lateness = last.time - plot.time;
            if lateness <= Span::from_nanos(turn.as_nanos() / 2) + PROCESSING {
                self.lateness.note(lateness, received);
            }
        }
    }

    /// Takes a sector message.
    pub(super) fn handle_crossing(&mut self, crossing: Crossing) {
        let Some(last) = self.last.replace(crossing) else { return };
        if crossing.time <= last.time {
            self.last = Some(last);
            return;
        }
        match self.sweep_between(&last, &crossing) {
            Ok(None) => {}
            Ok(Some(sweep)) => self.handle_sweep(sweep, crossing.received),
            Err(Broken) => {
                self.tally.broken += 1;
                self.turn = None;
            }
        }
    }

    /// All that came together has been handed in.
    pub(super) fn handle_end_of_datagram(&mut self) {
        self.give_out_late();
        if self.service.is_none() {
            self.give_out_waiting();
        }
    }

    /// Lets time pass.
    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        if self.service.is_some_and(|service| now - service.heard > self.silence_max) {
            while let Some(sweep) = self.open.pop_front() {
                self.close(&sweep);
            }
            self.give_out_waiting();
            self.service = None;
            self.turn = None;
        }
        // Also when the last one was of a wrong, later time, against which all others looked old.
        if self.last.is_some_and(|last| now - last.received > self.silence_max) {
            self.last = None;
        }
    }

    /// The sweep that two crossings bound: none if they are of the same azimuth.
    fn sweep_between(&self, last: &Crossing, crossing: &Crossing) -> Result<Option<Sweep>, Broken> {
        let width_rad = (crossing.azimuth - last.azimuth).turn();
        if width_rad <= 0.0 {
            return Ok(None);
        }
        let elapsed = crossing.time - last.time;
        let turn = Span::from_secs_f64(elapsed.as_secs_f64() * TAU / width_rad);
        let half_as_long_again = |known: Span| known + Span::from_nanos(known.as_nanos() / 2);
        if width_rad > PI || self.turn.is_some_and(|known| turn > half_as_long_again(known)) {
            return Err(Broken);
        }
        let (from, begin, end, quality) = (last.azimuth, last.time, crossing.time, crossing.quality);
        Ok(Some(Sweep { from, width_rad, begin, end, turn, quality }))
    }

    fn handle_sweep(&mut self, sweep: Sweep, received: Timestamp) {
        self.turn = Some(sweep.turn);
        let new = Service { learning_since: sweep.end, heard: received, closed: sweep.begin };
        self.service.get_or_insert(new).heard = received;
        self.open.push_back(sweep);
        let wait = self.wait();
        while let Some(&oldest) = self.open.front() {
            let crowded = self.open.len() > SWEEPS_MAX;
            if oldest.end + wait > sweep.end && !crowded {
                break;
            }
            self.tally.closed_early += u64::from(crowded);
            self.open.pop_front();
            self.close(&oldest);
        }
    }

    /// How long a sweep waits for its plots: as late as they have lately been, and an eighth more.
    fn wait(&self) -> Span {
        let lateness = self.lateness.largest().max(Span::ZERO).min(WAIT_MAX);
        lateness + Span::from_nanos(lateness.as_nanos() / 8)
    }

    fn close(&mut self, sweep: &Sweep) {
        let learned = self.service.is_some_and(|service| sweep.end - service.learning_since >= LEARNING);
        if let Some(service) = &mut self.service {
            service.closed = sweep.end;
        }
        self.leaving.extend(self.waiting.extract_if(.., |plot| sweep.takes(plot)));
        if learned {
            self.tally.swept += 1;
            let coverage = Coverage::Sector { from: sweep.from, width_rad: sweep.width_rad };
            let when = mean_time(&self.leaving).unwrap_or((middle(sweep.begin, sweep.end), sweep.quality));
            self.ready_scan(self.leaving.len(), when, coverage);
        } else {
            self.give_out();
        }
        let too_old = sweep.begin - (sweep.end - sweep.begin);
        self.leaving.extend(self.waiting.extract_if(.., |plot| plot.time < too_old));
        self.give_out();
    }

    fn give_out_late(&mut self) {
        self.leaving.append(&mut self.late);
        self.give_out();
    }

    fn give_out_waiting(&mut self) {
        self.leaving.append(&mut self.waiting);
        self.give_out();
    }

    /// Gives out the leaving plots as scans without a sector, one for those close in time.
    fn give_out(&mut self) {
        self.leaving.sort_unstable_by_key(|plot| plot.time);
        while let Some(first) = self.leaving.first().map(|plot| plot.time) {
            let close = self.leaving.iter().take_while(|plot| plot.time - first <= SPREAD);
            let together = close.count().min(SCAN_RETURNS_MAX);
            let when = mean_time(&self.leaving[..together]).expect("at least the first");
            self.ready_scan(together, when, Coverage::Reports);
            self.tally.unswept += 1;
        }
    }

    /// Makes a scan of the first `count` leaving plots.
    fn ready_scan(&mut self, count: usize, (time, time_quality): (Timestamp, TimeQuality), coverage: Coverage) {
        let mut returns = self.spare.take();
        returns.extend(self.leaving.drain(..count).map(|plot| plot.seen));
        self.ready.push_back(OwnedScan { time, time_quality, from: None, coverage, returns });
    }

    /// Takes back the memory of a scan.
    pub(super) fn recycle(&mut self, scan: OwnedScan) {
        self.spare.give(scan);
    }
}

/// Two crossings that bound no sweep: messages between them were lost.
struct Broken;

impl Sweep {
    /// Whether the antenna saw this plot in this sweep: the azimuth tells where in the turn, the time which turn.
    fn takes(&self, plot: &Plot) -> bool {
        let apart = (plot.time - middle(self.begin, self.end)).abs();
        (plot.azimuth - self.from).turn() < self.width_rad && apart + apart < self.turn
    }
}

fn middle(begin: Timestamp, end: Timestamp) -> Timestamp {
    begin + Span::from_nanos((end - begin).as_nanos() / 2)
}

/// Mean time of the plots, and the least good of their time qualities.
fn mean_time(plots: &[Plot]) -> Option<(Timestamp, TimeQuality)> {
    let first = plots.first()?;
    let sum: i64 = plots.iter().map(|plot| (plot.time - first.time).as_nanos()).fold(0, i64::saturating_add);
    let mean = first.time + Span::from_nanos(sum / i64::try_from(plots.len()).ok()?);
    let has = |quality| plots.iter().any(|plot| plot.quality == quality);
    let quality = [TimeQuality::Received, TimeQuality::Corrected].into_iter().find(|&quality| has(quality));
    Some((mean, quality.unwrap_or(TimeQuality::Sensor)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decoder::{Measured, Place, Polar};
    use fusion_core::identity::Identity;

    const SECTORS: i32 = 32;
    const TURN_S: f64 = 4.0;

    fn at(seconds: f64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000) + Span::from_secs_f64(seconds)
    }

    fn plot(turns: f64, number: u32) -> Plot {
        let azimuth = Angle::from_radians(turns.fract() * TAU);
        let measured = Measured { value: azimuth.radians(), sigma: 0.001 };
        let polar = Polar { azimuth: measured, range: None, elevation: None, height: None, range_rate: None };
        let identity = Identity { mode_3a: u16::try_from(number).ok(), ..Identity::UNKNOWN };
        let seen = Return::unnamed(Place::Polar(polar), identity);
        Plot { time: at(turns * TURN_S), quality: TimeQuality::Sensor, azimuth, seen }
    }

    fn crossing(sector: i32) -> Crossing {
        let turns = f64::from(sector) / f64::from(SECTORS);
        let (azimuth, time) = (Angle::from_radians(turns.fract() * TAU), at(turns * TURN_S));
        Crossing { azimuth, time, quality: TimeQuality::Sensor, received: time }
    }

    /// Targets at three azimuths over so many turns, their plots `late` turns behind the antenna.
    fn run(turns: i32, late: f64, lost: &[i32]) -> (Assembler, Vec<OwnedScan>) {
        let mut assembler = Assembler::new(Span::from_secs(5));
        let mut plots: Vec<_> =
            (0..turns).flat_map(|turn| [0.01, 0.4, 0.99].map(|part| f64::from(turn) + part)).collect();
        let mut scans = Vec::new();
        for sector in 0..=turns * SECTORS {
            let now = f64::from(sector) / f64::from(SECTORS);
            let due = plots.iter().take_while(|&&seen| seen + late <= now).count();
            for seen in plots.drain(..due) {
                assembler.handle_plot(plot(seen, 1), at(now * TURN_S));
            }
            assembler.handle_end_of_datagram();
            if !lost.contains(&sector) {
                assembler.handle_crossing(crossing(sector));
            }
            scans.extend(std::iter::from_fn(|| assembler.poll_scan()));
        }
        (assembler, scans)
    }

    fn swept(scans: &[OwnedScan]) -> Vec<&OwnedScan> {
        scans.iter().filter(|scan| scan.coverage != Coverage::Reports).collect()
    }

    fn assert_all_inside(scans: &[OwnedScan]) {
        for scan in swept(scans) {
            for seen in &scan.returns {
                let Place::Polar(polar) = &seen.place else { panic!("polar") };
                assert!(scan.coverage.includes(Angle::from_radians(polar.azimuth.value)));
            }
        }
    }

    #[test]
    fn plots_before_their_sector_message_close_with_it() {
        let (assembler, scans) = run(5, 0.0, &[]);
        let learning = 2 * SECTORS;
        assert!(swept(&scans).len() >= usize::try_from(5 * SECTORS - learning).expect("positive"));
        assert_all_inside(&scans);
        assert_eq!(scans.iter().map(|scan| scan.returns.len()).sum::<usize>(), 15);
        assert_eq!((assembler.tally.late, assembler.tally.broken), (0, 0));
        assert_eq!(swept(&scans).last().map(|scan| scan.time), Some(at(19.96)), "0.99 of a turn");
    }

    #[test]
    fn plots_that_come_half_a_turn_late_still_meet_their_sector() {
        let (assembler, scans) = run(12, 0.5, &[]);
        assert_all_inside(&scans);
        let swept = swept(&scans);
        let empty = swept.iter().filter(|scan| scan.returns.is_empty()).count();
        let full: usize = swept.iter().map(|scan| scan.returns.len()).sum();
        assert!(full > 3 * 8 && empty > 29 * 8, "{full} plots, {empty} empty sectors");
        assert!(assembler.tally.late <= 3, "only before it was learned: {}", assembler.tally.late);
    }

    #[test]
    fn plots_too_late_to_wait_for_leave_no_sector_empty() {
        let (assembler, scans) = run(12, 1.5, &[]);
        assert!(assembler.tally.late > 20);
        let claimed_first = usize::try_from(2 * SECTORS).expect("positive");
        assert!(swept(&scans).len() < claimed_first, "{} sectors before the first late plot", swept(&scans).len());
        assert!(assembler.wait() <= WAIT_MAX);
    }

    #[test]
    fn a_swept_sector_without_plots_is_a_scan_of_its_middle() {
        let mut assembler = Assembler::new(Span::from_secs(5));
        for sector in 0..100 {
            assembler.handle_crossing(crossing(sector));
        }
        let last = std::iter::from_fn(|| assembler.poll_scan()).last().expect("a scan");
        assert!(last.returns.is_empty());
        assert_eq!(last.time, at(98.5 / 8.0));
        assert!(last.coverage.includes(Angle::from_radians(TAU * 98.5 / 32.0)));
    }

    #[test]
    fn a_lost_sector_message_widens_one_sweep_and_many_claim_nothing() {
        let (one, scans) = run(5, 0.0, &[70]);
        assert_eq!(one.tally.broken, 0);
        assert_all_inside(&scans);
        let lost: Vec<_> = (70..90).collect();
        let (many, scans) = run(5, 0.0, &lost);
        assert_eq!(many.tally.broken, 1);
        assert_all_inside(&scans);
        assert_eq!(scans.iter().map(|scan| scan.returns.len()).sum::<usize>(), 15, "no plot is lost");
    }

    #[test]
    fn the_same_azimuth_told_twice_bounds_nothing() {
        let mut assembler = Assembler::new(Span::from_secs(5));
        for sector in 0..70 {
            let told = crossing(sector);
            assembler.handle_crossing(told);
            assembler.handle_crossing(told);
            assembler.handle_crossing(Crossing { time: told.time + Span::from_millis(8), ..told });
        }
        assert_eq!((assembler.tally.broken, std::iter::from_fn(|| assembler.poll_scan()).count()), (0, 29));
    }

    #[test]
    fn without_sector_messages_plots_close_in_time_are_one_scan() {
        let mut assembler = Assembler::new(Span::from_secs(5));
        for turns in [0.51, 0.5, 0.6] {
            assembler.handle_plot(plot(turns, 1), at(4.0));
        }
        assembler.handle_end_of_datagram();
        let scans: Vec<_> = std::iter::from_fn(|| assembler.poll_scan()).collect();
        assert_eq!(scans.iter().map(|scan| scan.returns.len()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(scans[0].time, at(2.02));
        assert!(scans.iter().all(|scan| scan.coverage == Coverage::Reports));
    }

    #[test]
    fn when_sector_messages_stop_nothing_waits_for_them() {
        let (mut assembler, _) = run(3, 0.0, &[]);
        assembler.handle_plot(plot(3.01, 1), at(12.1));
        assembler.handle_end_of_datagram();
        assert!(assembler.poll_scan().is_none(), "it waits for its sector");
        assembler.handle_timeout(at(18.0));
        assert_eq!(assembler.poll_scan().map(|scan| scan.returns.len()), Some(1));
        assembler.handle_plot(plot(4.5, 1), at(18.1));
        assembler.handle_end_of_datagram();
        assert_eq!(assembler.poll_scan().map(|scan| scan.coverage), Some(Coverage::Reports));
    }

    #[test]
    fn a_sector_message_from_the_future_is_forgotten() {
        let mut assembler = Assembler::new(Span::from_secs(5));
        let wrong = Crossing { time: at(9000.0), ..crossing(0) };
        for told in std::iter::once(wrong).chain((1..160).map(crossing)) {
            assembler.handle_timeout(told.received);
            assembler.handle_crossing(told);
        }
        let scans: Vec<_> = std::iter::from_fn(|| assembler.poll_scan()).collect();
        assert!(swept(&scans).len() > 70, "{}", swept(&scans).len());
    }

    #[test]
    fn too_many_plots_in_a_sector_are_given_out_and_counted() {
        let (mut assembler, _) = run(3, 0.0, &[]);
        for _ in 0..=SCAN_RETURNS_MAX {
            assembler.handle_plot(plot(3.01, 1), at(12.1));
        }
        assert_eq!(assembler.tally.overflowed, SCAN_RETURNS_MAX as u64);
        assert_eq!(assembler.poll_scan().map(|scan| scan.returns.len()), Some(SCAN_RETURNS_MAX));
        assert_eq!(assembler.waiting.len(), 1);
    }
}
