//! See `tests::fuzzed::sapient`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::sapient::target(input));
