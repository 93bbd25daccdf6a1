//! See `tests::fuzzed::mesh`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::mesh::target(input));
