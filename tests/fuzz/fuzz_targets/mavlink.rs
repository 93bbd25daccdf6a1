//! See `tests::fuzzed::mavlink`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::mavlink::target(input));
