//! See `tests::fuzzed::cot`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::cot::target(input));
