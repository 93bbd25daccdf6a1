//! See `tests::fuzzed::asterix_targets`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::asterix_targets::target(input));
