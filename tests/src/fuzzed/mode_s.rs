//! Mode S and ADS-B in Beast form and as AVR lines.

use sensor_drivers::mode_s::{Form, ModeSConfig, ModeSDecoder};

/// The driver in each form.
pub fn target(input: &[u8]) {
    for form in [Form::Beast, Form::Avr] {
        super::feed(&mut ModeSDecoder::new(ModeSConfig { form, ..ModeSConfig::default() }), input);
    }
}
