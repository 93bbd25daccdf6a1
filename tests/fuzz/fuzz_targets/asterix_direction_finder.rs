//! See `tests::fuzzed::asterix_direction_finder`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::asterix_direction_finder::target(input));
