//! Cursor on Target: positions of own forces as handhelds send them, in XML beside Python's own reader, and in
//! protobuf.

use fusion_core::time::{Span, Timestamp};
use prost::Message as _;
use proto::pb::tak;
use sensor_drivers::cot::{CotConfig, CotDecoder};
use sensor_drivers::plots::Rfc3339;

use crate::load::{Load, Peer, Pieces};

const HANDHELDS: i64 = 500;
const ROUNDS: i64 = 20;
const BEGIN: Timestamp = Timestamp::from_secs(1_717_236_000);

pub fn xml() -> Load {
    Load {
        name: "CoT, XML",
        messages: pieces(event).len(),
        pieces: pieces(event),
        decoder: Box::new(CotDecoder::new(config())),
        peer: Some(Peer { name: "xml.etree of Python, reading the same values", script: PEER }),
    }
}

pub fn protobuf() -> Load {
    Load {
        name: "CoT, TAK protocol 1",
        messages: pieces(message).len(),
        pieces: pieces(message),
        decoder: Box::new(CotDecoder::new(config())),
        peer: None,
    }
}

/// The same events pass again and again, which told times would not allow.
fn config() -> CotConfig {
    CotConfig { trust_times: false, ..CotConfig::default() }
}

fn pieces(write: impl Fn(i64, i64) -> Vec<u8>) -> Pieces {
    (0..ROUNDS).flat_map(|round| (0..HANDHELDS).map(move |unit| (round, unit))).map(|(r, u)| write(r, u)).collect()
}

fn event(round: i64, unit: i64) -> Vec<u8> {
    let time = BEGIN + Span::from_secs(round * 5);
    let (now, stale) = (Rfc3339(time), Rfc3339(time + Span::from_secs(375)));
    format!(
        "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n<event version='2.0' uid='ANDROID-{unit:016x}' \
         type='a-f-G-U-C' how='m-g' time='{now}' start='{now}' stale='{stale}'><point lat='52.{unit:06}' \
         lon='20.{round:06}' hae='140.5' ce='9.9' le='12.5'/><detail><takv os='29' version='4.5' device='X' \
         platform='ATAK'/><contact endpoint='*:-1:stcp' callsign='KILO {unit}'/><__group role='Team Member' \
         name='Cyan'/><status battery='78'/><track course='90.0' speed='1.5'/></detail></event>"
    )
    .into()
}

fn message(round: i64, unit: i64) -> Vec<u8> {
    let millis = u64::try_from((BEGIN + Span::from_secs(round * 5)).as_millis()).expect("after 1970");
    let detail = tak::Detail {
        contact: Some(tak::Contact { endpoint: "*:-1:stcp".into(), callsign: format!("KILO {unit}") }),
        group: Some(tak::Group { name: "Cyan".into(), role: "Team Member".into() }),
        status: Some(tak::Status { battery: 78 }),
        track: Some(tak::Track { speed: 1.5, course: 90.0 }),
        ..tak::Detail::default()
    };
    let event = tak::CotEvent {
        r#type: "a-f-G-U-C".into(),
        uid: format!("ANDROID-{unit:016x}"),
        send_time: millis,
        start_time: millis,
        stale_time: millis + 375_000,
        how: "m-g".into(),
        lat: 52.1,
        lon: 20.9,
        hae: 140.5,
        ce: 9.9,
        le: 12.5,
        detail: Some(detail),
        ..tak::CotEvent::default()
    };
    let message = tak::TakMessage { cot_event: Some(event), ..tak::TakMessage::default() };
    [&b"\xBF\x01\xBF"[..], &message.encode_to_vec()].concat()
}

const PEER: &str = r"
import sys, time
from datetime import datetime
from xml.etree import ElementTree
events = [bytes.fromhex(line) for line in sys.stdin]
begin = time.perf_counter()
for event in events:
    root = ElementTree.fromstring(event)
    point, detail = root.find('point'), root.find('detail')
    times = [datetime.fromisoformat(root.get(name)) for name in ('time', 'start', 'stale')]
    place = [float(point.get(name)) for name in ('lat', 'lon', 'hae', 'ce', 'le')]
    track, contact = detail.find('track'), detail.find('contact')
    told = (root.get('uid'), root.get('type'), root.get('how'), contact.get('callsign'),
            float(track.get('speed')), float(track.get('course')))
print(len(events), time.perf_counter() - begin)
";
