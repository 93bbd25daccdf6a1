//! What the estimate of a clock must withstand.

use super::*;

const START: Timestamp = Timestamp::from_secs(1_717_236_000);

fn rules(rule: Rule) -> ClockRules {
    ClockRules { rule, error_max: Span::from_secs(5), latency: Span::ZERO }
}

fn at(seconds: f64) -> Timestamp {
    START + Span::from_secs_f64(seconds)
}

/// Delays as networks make them: 40 ms and more, now and then a second; the same every time.
fn delay_s(number: u32) -> f64 {
    let noise = f64::from(number.wrapping_mul(2_654_435_761) >> 16) / 65_536.0;
    0.04 + 0.02 * noise + if noise > 0.95 { 1.0 } else { 0.0 }
}

/// Feeds a report a second; `error_s` is the sensor's clock less ours at a true time.
fn feed(clock: &mut SensorClock, from_s: u32, until_s: u32, error_s: impl Fn(f64) -> f64) {
    for second in from_s..until_s {
        let true_s = f64::from(second);
        clock.note(at(true_s + error_s(true_s)), at(true_s + delay_s(second)));
    }
}

fn offset_s(clock: &SensorClock, second: u32) -> f64 {
    clock.report(at(f64::from(second))).offset.expect("a clock that told times").as_secs_f64()
}

/// What a report from now comes to: its state, and by how much its time is wrong.
fn outcome(clock: &SensorClock, second: u32, error_s: f64) -> Option<(TimeQuality, f64)> {
    let (true_s, now) = (f64::from(second), at(f64::from(second) + 0.05));
    let read = clock.read(at(true_s + error_s), TimeQuality::Sensor, now).ok()?;
    Some((read.1, (read.0 - at(true_s)).as_secs_f64()))
}

#[test]
fn a_clock_that_agrees_is_taken_as_told_from_its_first_report() {
    let mut clock = SensorClock::new(rules(Rule::Correct));
    feed(&mut clock, 0, 1, |_| 0.0);
    assert_eq!(outcome(&clock, 1, 0.0), Some((TimeQuality::Sensor, 0.0)));
    feed(&mut clock, 1, 600, |_| 0.0);
    let report = clock.report(at(600.0));
    assert_eq!((report.state, report.steps), (ClockState::Good, 0));
    assert!((offset_s(&clock, 600) + 0.04).abs() < 0.005);
}

#[test]
fn a_clock_26_minutes_behind_is_corrected_refused_or_not_used_as_configured() {
    for (rule, state) in [
        (Rule::Trust, ClockState::Refused),
        (Rule::Correct, ClockState::Corrected),
        (Rule::ReceiveTime, ClockState::Unused),
    ] {
        for error in [-1581.7, 1581.7] {
            let mut clock = SensorClock::new(rules(rule));
            feed(&mut clock, 0, 100, |_| error);
            assert_eq!(clock.report(at(100.0)).state, state);
            assert!((offset_s(&clock, 100) - error).abs() < 0.1);
            let read = outcome(&clock, 100, error);
            match rule {
                Rule::Trust => assert_eq!(read, None),
                Rule::Correct => assert!(read.is_some_and(|(q, e)| q == TimeQuality::Corrected && e.abs() < 0.1)),
                Rule::ReceiveTime => assert!(read.is_some_and(|(q, e)| q == TimeQuality::Received && e.abs() < 0.1)),
            }
        }
    }
}

#[test]
fn a_wrong_clock_is_not_believed_before_three_reports_agree_on_it() {
    let mut clock = SensorClock::new(rules(Rule::Correct));
    assert_eq!(outcome(&clock, 0, -1581.0), None);
    feed(&mut clock, 0, 2, |_| -1581.0);
    assert_eq!((outcome(&clock, 2, -1581.0), clock.report(at(2.0)).state), (None, ClockState::Unknown));
    feed(&mut clock, 2, 3, |_| -1581.0);
    assert!(outcome(&clock, 3, -1581.0).is_some_and(|(quality, _)| quality == TimeQuality::Corrected));
}

#[test]
fn drifts_of_20_and_200_ppm_are_told_within_a_tenth() {
    for ppm in [-200.0, -20.0, 20.0, 200.0] {
        let mut clock = SensorClock::new(rules(Rule::Correct));
        feed(&mut clock, 0, 1800, |s| s * ppm * 1e-6);
        let report = clock.report(at(1800.0));
        let told = report.drift_ppm.expect("half an hour is enough");
        assert!((told - ppm).abs() < 2.0 + 0.05 * ppm.abs(), "{ppm}: {told}");
        assert_eq!(report.steps, 0);
    }
}

#[test]
fn a_drift_is_followed_beyond_the_limits_without_a_step() {
    let mut clock = SensorClock::new(rules(Rule::Correct));
    let drifting = |s: f64| -1581.0 + s * 200e-6;
    feed(&mut clock, 0, 7200, drifting);
    assert_eq!(clock.report(at(7200.0)).steps, 0);
    let (_, error) = outcome(&clock, 7200, drifting(7200.0)).expect("corrected");
    assert!(error.abs() < 0.06, "{error}");
}

#[test]
fn a_clock_on_the_edge_of_the_limits_does_not_flap() {
    let mut clock = SensorClock::new(rules(Rule::Correct));
    let mut changes = 0;
    let mut before = ClockState::Good;
    for second in 0..3600 {
        feed(&mut clock, second, second + 1, |s| -4.9 - s * 1e-4 + if second % 90 < 45 { 0.02 } else { 0.0 });
        let state = clock.report(at(f64::from(second))).state;
        changes += u32::from(state != before);
        before = state;
    }
    assert_eq!((changes, before), (1, ClockState::Corrected));
}

#[test]
fn a_step_forwards_is_noticed_within_three_reports() {
    let mut clock = SensorClock::new(rules(Rule::Correct));
    feed(&mut clock, 0, 300, |_| 0.0);
    feed(&mut clock, 300, 303, |_| 60.0);
    let report = clock.report(at(303.0));
    assert_eq!((report.state, report.steps), (ClockState::Corrected, 1));
    assert!((offset_s(&clock, 303) - 60.0).abs() < 0.1);
}

#[test]
fn a_step_backwards_is_refused_at_once_and_corrected_when_it_lasts() {
    let mut clock = SensorClock::new(rules(Rule::Correct));
    feed(&mut clock, 0, 300, |_| 0.0);
    feed(&mut clock, 300, 305, |_| -60.0);
    assert_eq!(outcome(&clock, 305, -60.0), None, "late, or a step: nobody knows yet");
    feed(&mut clock, 305, 320, |_| -60.0);
    assert!(outcome(&clock, 320, -60.0).is_some_and(|(quality, _)| quality == TimeQuality::Corrected));
    assert_eq!(clock.report(at(320.0)).steps, 1);
}

#[test]
fn a_step_within_the_limits_is_noticed_and_not_taken_for_a_drift() {
    let mut clock = SensorClock::new(rules(Rule::Correct));
    feed(&mut clock, 0, 900, |_| 0.0);
    feed(&mut clock, 900, 1800, |_| -2.0);
    let report = clock.report(at(1800.0));
    assert_eq!((report.state, report.steps), (ClockState::Good, 1));
    assert!((offset_s(&clock, 1800) + 2.04).abs() < 0.01);
    assert!(report.drift_ppm.is_some_and(|ppm| ppm.abs() < 5.0), "{report:?}");
}

#[test]
fn one_damaged_time_moves_nothing() {
    let mut clock = SensorClock::new(rules(Rule::Correct));
    feed(&mut clock, 0, 100, |_| 0.0);
    clock.note(Timestamp::MAX, at(100.0));
    clock.note(Timestamp::from_nanos(i64::MIN), at(100.1));
    assert_eq!(outcome(&clock, 100, 1e6), None);
    feed(&mut clock, 101, 102, |_| 0.0);
    assert_eq!(clock.report(at(102.0)), ClockReport { steps: 0, ..clock.report(at(102.0)) });
    assert_eq!(outcome(&clock, 102, 0.0), Some((TimeQuality::Sensor, 0.0)));
}

#[test]
fn reports_up_to_two_seconds_late_are_no_error_of_the_clock() {
    for error in [0.0, -1581.0] {
        let mut clock = SensorClock::new(rules(Rule::Correct));
        for second in 0..900_u32 {
            let true_s = f64::from(second);
            let late_s = if second % 3 == 1 { 2.0 * f64::from(second % 7) / 6.0 } else { 0.0 };
            clock.note(at(true_s + error), at(true_s + 0.05 + late_s));
        }
        let report = clock.report(at(900.0));
        assert_eq!(report.steps, 0);
        assert!((offset_s(&clock, 900) - (error - 0.05)).abs() < 0.001, "{report:?}");
    }
}

#[test]
fn a_silence_changes_nothing_and_what_waited_meanwhile_is_only_late() {
    let mut clock = SensorClock::new(rules(Rule::Correct));
    feed(&mut clock, 0, 600, |_| 0.0);
    for waited in 0..460_u32 {
        clock.note(at(600.0 + f64::from(waited)), at(1060.0 + f64::from(waited) * 0.01));
    }
    feed(&mut clock, 1065, 1200, |_| 0.0);
    let report = clock.report(at(1200.0));
    assert_eq!((report.state, report.steps), (ClockState::Good, 0));
    assert!((offset_s(&clock, 1200) + 0.04).abs() < 0.005);
}

#[test]
fn the_known_latency_is_no_error() {
    let latency = Span::from_secs(8);
    let mut clock = SensorClock::new(ClockRules { latency, ..rules(Rule::Correct) });
    for second in 0..60 {
        clock.note(at(second.into()), at(f64::from(second) + 8.0));
    }
    let report = clock.report(at(60.0));
    assert_eq!((report.state, report.offset), (ClockState::Good, Some(Span::ZERO)));
}

#[test]
fn memory_is_bounded() {
    let mut clock = SensorClock::new(rules(Rule::Correct));
    feed(&mut clock, 0, 20_000, |_| 0.0);
    assert_eq!(clock.line.expect("a line").closed.len(), WINDOWS_MAX);
}
