//! See `tests::fuzzed::kraken`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::kraken::target(input));
