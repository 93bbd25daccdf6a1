//! See `tests::fuzzed::mode_s`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::mode_s::target(input));
