//! Remote ID as receivers deliver it.

use sensor_drivers::remote_id::{Form, RemoteIdConfig, RemoteIdDecoder};

/// The driver over lines and over datagrams, operators shown.
pub fn target(input: &[u8]) {
    for form in [Form::Lines, Form::Datagrams] {
        let config = RemoteIdConfig { form, show_operators: true, ..RemoteIdConfig::default() };
        super::feed(&mut RemoteIdDecoder::new(config).expect("the default is sound"), input);
    }
}
