//! ASTERIX data blocks one after the other (`.ast`), as converters write them. They hold no time of receipt, so each
//! block counts as received at the time of day of its first record; the date has to be told.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::measurement::SensorId;
use fusion_core::time::{DAY, Timestamp};
use sensor_drivers::asterix::common::TimeOfDay;
use sensor_drivers::asterix::framer::Framer;
use sensor_drivers::asterix::record::records;
use sensor_drivers::asterix::spec::CATALOGUE;
use sensor_drivers::asterix::wire::Wire;

use super::{Entry, RecordingError, Refused, Source};

/// Items that hold the time of day, by category.
const TIME_ITEMS: [(u8, &str); 2] = [(48, "140"), (34, "030")];

pub(super) struct Reader {
    path: PathBuf,
    source: Source,
    framer: Framer,
    refused: Arc<Refused>,
    now: Timestamp,
    started: bool,
    ended: bool,
}

impl Reader {
    pub(super) fn new(path: &Path, source: Source, date: Timestamp, refused: Arc<Refused>) -> Self {
        let framer = Framer::new(CATALOGUE);
        Self { path: path.to_owned(), source, framer, refused, now: date.midnight(), started: false, ended: false }
    }

    fn received(&mut self, block: &[u8]) -> Timestamp {
        let Some(time) = time_of_day(block) else { return self.now };
        // The first block settles where in the day the file begins; the others follow it across midnight.
        let noon = self.now.midnight() + fusion_core::time::Span::from_nanos(DAY.as_nanos() / 2);
        let reference = if self.started { self.now } else { noon };
        self.started = true;
        self.now = time.near(reference).unwrap_or(self.now).max(self.now);
        self.now
    }
}

fn time_of_day(block: &[u8]) -> Option<TimeOfDay> {
    let record = records(block, CATALOGUE).find_map(Result::ok)?;
    let (_, item) = TIME_ITEMS.into_iter().find(|(category, _)| *category == record.spec.category)?;
    TimeOfDay::decode(&mut record.by_name(item)?)
}

impl Iterator for Reader {
    type Item = Result<Entry, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let block = self.framer.next_block().map(<[u8]>::to_vec);
            if let Some(fault) = self.framer.take_fault() {
                self.refused.add(|| fault.to_string());
            }
            if let Some(bytes) = block {
                let received = self.received(&bytes);
                return Some(Ok(Entry::of(received, SensorId(0), bytes)));
            }
            if self.ended {
                return None;
            }
            let mut piece = [0; 1 << 14];
            match self.source.read(&mut piece) {
                Ok(0) => {
                    self.ended = true;
                    let left = self.framer.pending();
                    if left > 0 {
                        self.refused.add(|| format!("{left} octets at the end are no whole block"));
                    }
                }
                Ok(length) => self.framer.push(&piece[..length]),
                Err(e) => {
                    self.ended = true;
                    return Some(Err(RecordingError::new(&self.path, e.to_string())));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sensor_drivers::asterix::cat034::{MessageType, ServiceMessage};
    use sensor_drivers::asterix::common::DataSource;
    use sensor_drivers::asterix::write_block;
    use std::io::Cursor;

    fn north_marker(time: Timestamp, file: &mut Vec<u8>) {
        let message = ServiceMessage {
            source: Some(DataSource { sac: 1, sic: 2 }),
            message_type: Some(MessageType::NORTH_MARKER),
            time_of_day: Some(TimeOfDay::at(time)),
            ..ServiceMessage::default()
        };
        write_block(&[message], file).expect("small");
    }

    fn read(file: Vec<u8>, date: Timestamp) -> (Vec<Timestamp>, u64) {
        let refused = Arc::new(Refused::default());
        let reader = Reader::new(Path::new("x.ast"), Box::new(Cursor::new(file)), date, Arc::clone(&refused));
        (reader.map(|e| e.expect("readable").received).collect(), refused.summary().0)
    }

    #[test]
    fn time_goes_on_across_midnight() {
        let evening = Timestamp::from_secs(1_462_838_400 + 86_399);
        let mut file = Vec::new();
        north_marker(evening, &mut file);
        north_marker(evening + fusion_core::time::Span::from_secs(4), &mut file);
        let (times, _) = read(file, evening);
        assert_eq!(times[1] - times[0], fusion_core::time::Span::from_secs(4));
        assert_eq!(times[0], evening);
    }

    #[test]
    fn what_is_no_block_is_counted() {
        let noon = Timestamp::from_secs(1_462_881_600);
        for junk in [&[0x00; 7][..], &[0xFF; 7], &[0x30, 0x00, 0x40]] {
            let mut file = Vec::new();
            north_marker(noon, &mut file);
            file.extend_from_slice(junk);
            let (times, refused) = read(file, noon);
            assert!(times.len() == 1 && refused >= 1, "{junk:?}");
        }
    }
}
