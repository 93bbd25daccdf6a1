//! See `tests::fuzzed::asterix_drone_radar`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::asterix_drone_radar::target(input));
