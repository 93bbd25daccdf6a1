//! See `tests::fuzzed::past`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::past::target(input));
