//! See `tests::fuzzed::remote_id`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::remote_id::target(input));
