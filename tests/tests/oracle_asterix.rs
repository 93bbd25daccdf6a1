//! The ASTERIX codec agrees with libasterix, an independent implementation generated from the specifications: every
//! item and every element of CAT048 and CAT034, decoded and encoded.
//!
//! Needs a Python interpreter with `libasterix` 0.36.3. The script generates records and asks; this test answers with
//! the codec (see `oracle/asterix_oracle.py` for the questions).

use sensor_drivers::asterix::cat034::ServiceMessage;
use sensor_drivers::asterix::cat048::TargetReport;
use sensor_drivers::asterix::wire::TypedRecord;
use sensor_drivers::asterix::{CATALOGUE, compose_block, describe, records, write_block};
use serde_json::Value;
use tests::{hex, unhex};

#[test]
fn asterix_agrees_with_libasterix_both_ways() {
    tests::oracle::ask("oracle_asterix", "asterix_oracle", answer);
}

fn answer(question: &str) -> Result<String, String> {
    let (verb, rest) = question.split_once(' ').ok_or("no verb")?;
    match verb {
        "D" => shown(&unhex(rest)?),
        "C" => composed(rest),
        "T" => retyped(&unhex(rest)?),
        _ => Err(format!("unknown verb {verb}")),
    }
}

fn shown(block: &[u8]) -> Result<String, String> {
    let records: Result<Vec<Value>, _> = describe(block).map(|record| Ok(record?["items"].take())).collect();
    records
        .map(|records| Value::Array(records).to_string())
        .map_err(|fault: sensor_drivers::asterix::Fault| fault.to_string())
}

fn composed(request: &str) -> Result<String, String> {
    let (category, items) = request.split_once(' ').ok_or("no items")?;
    let category = category.parse().map_err(|_| "no category")?;
    let items: Value = serde_json::from_str(items).map_err(|error| error.to_string())?;
    compose_block(category, &[items]).map(|block| hex(&block)).map_err(|error| error.to_string())
}

fn retyped(block: &[u8]) -> Result<String, String> {
    match block.first() {
        Some(48) => again::<TargetReport>(block),
        Some(34) => again::<ServiceMessage>(block),
        _ => Err("no structs for this category".to_owned()),
    }
}

fn again<R: TypedRecord>(block: &[u8]) -> Result<String, String> {
    let typed: Option<Vec<R>> = records(block, CATALOGUE).map(|record| R::of(&record.ok()?)).collect();
    let mut out = Vec::new();
    write_block(&typed.ok_or("the structs refuse it")?, &mut out).map_err(|error| error.to_string())?;
    Ok(hex(&out))
}
