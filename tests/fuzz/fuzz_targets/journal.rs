//! See `tests::fuzzed::journal`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::journal::target(input));
