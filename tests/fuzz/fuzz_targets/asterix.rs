//! See `tests::fuzzed::asterix`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::asterix::target(input));
