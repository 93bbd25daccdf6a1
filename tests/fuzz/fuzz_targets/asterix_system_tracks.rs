//! See `tests::fuzzed::asterix_system_tracks`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::asterix_system_tracks::target(input));
