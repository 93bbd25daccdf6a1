//! See `tests::fuzzed::klv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::fuzzed::klv::target(input));
