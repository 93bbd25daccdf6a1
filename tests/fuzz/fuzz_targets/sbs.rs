//! See `tests::fuzzed::sbs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::sbs::target(input));
