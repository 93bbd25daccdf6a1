//! See `tests::fuzzed::plots`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::plots::target(input));
