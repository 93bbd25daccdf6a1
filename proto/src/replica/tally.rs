//! What a replica counts: one counter for each refusal and each bound.

/// Counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows of our own written.
    pub rows_written: u64,
    /// Publications within the gate: nothing was written.
    pub rows_within_gate: u64,
    /// Rows taken in from neighbours.
    pub rows_taken: u64,
    /// Rows that came although they were held.
    pub rows_doubled: u64,
    /// Rows that came although newer ones were held.
    pub rows_older: u64,
    /// Rows that had outlived their lifetime when they came.
    pub rows_expired: u64,
    /// Rows for which there was no room.
    pub rows_full: u64,
    /// Rows of our own lives that others hold and sent back.
    pub rows_own: u64,
    /// Streams for which there was no room.
    pub streams_full: u64,
    /// Streams of our own beyond the bound.
    pub labels_full: u64,
    /// Tracks that found no handle free.
    pub handles_full: u64,
    /// Sensors beyond the bound: not named in rows.
    pub sensors_full: u64,
    /// Rows not written because a stream's versions are used up.
    pub versions_full: u64,
    /// Packets sent.
    pub packets_sent: u64,
    /// Octets sent.
    pub bytes_sent: u64,
    /// Packets taken in.
    pub packets_taken: u64,
    /// Packets that came twice.
    pub packets_doubled: u64,
    /// Packets refused as damaged or malformed.
    pub packets_refused: u64,
    /// Packets of another session.
    pub packets_strange: u64,
    /// Packets with a difference from what is not held (any more).
    pub bases_unknown: u64,
    /// Packets sent that were lost.
    pub packets_lost: u64,
    /// Rows sent whole.
    pub rows_sent_full: u64,
    /// Rows sent as differences.
    pub rows_sent_delta: u64,
    /// Bits of rows sent whole.
    pub bits_sent_full: u64,
    /// Bits of rows sent as differences.
    pub bits_sent_delta: u64,
    /// Streams found different from a neighbour's though both were at rest.
    pub checks_failed: u64,
    /// Links beyond the bound.
    pub links_full: u64,
    /// Journal entries given up because nobody took them.
    pub journal_full: u64,
    /// Indexes of a link used up.
    pub indexes_full: u64,
    /// Streams that a neighbour was asked not to send.
    pub prunes: u64,
    /// Streams that a neighbour was asked to send again.
    pub grafts: u64,
    /// Rows looked at, in slices, to plan what to send and for what digests and floors say.
    pub rows_looked_at: u64,
    /// Seals of our own written.
    pub seals_written: u64,
    /// Signatures of seals verified.
    pub seals_verified: u64,
    /// Seals that waited because many came at once.
    pub seals_put_off: u64,
    /// Seals of nodes whose passports have expired.
    pub seals_expired: u64,
    /// Rows and seals that their writers did not write.
    pub forged: u64,
    /// Rows let go because no seal of their writers came.
    pub unsealed: u64,
    /// Rows and greetings of nodes whose keys are denied.
    pub denied: u64,
    /// Rows let go because too many wait for seals.
    pub waiting_full: u64,
    /// Rows that seals promise and for which there was no room.
    pub promised_full: u64,
    /// Passports and deny-lists that the authority did not sign.
    pub papers_refused: u64,
    /// Passports and deny-lists for which there was no room.
    pub papers_full: u64,
}

impl Tally {
    /// All counters by name.
    pub fn each(&self, each: &mut dyn FnMut(&'static str, u64)) {
        let Self { rows_written, rows_within_gate, rows_taken, rows_doubled, rows_older, rows_expired, .. } = *self;
        let Self { rows_full, rows_own, streams_full, labels_full, handles_full, sensors_full, .. } = *self;
        let Self { versions_full, packets_sent, bytes_sent, packets_taken, packets_doubled, .. } = *self;
        let Self { packets_refused, packets_strange, bases_unknown, packets_lost, checks_failed, .. } = *self;
        let Self { rows_sent_full, rows_sent_delta, bits_sent_full, bits_sent_delta, .. } = *self;
        let Self { links_full, journal_full, indexes_full, prunes, grafts, rows_looked_at, .. } = *self;
        let Self { seals_written, seals_verified, seals_put_off, seals_expired, forged, unsealed, denied, .. } = *self;
        let Self { waiting_full, promised_full, papers_refused, papers_full, .. } = *self;
        let all = [
            ("mesh_rows_written", rows_written),
            ("mesh_rows_within_gate", rows_within_gate),
            ("mesh_rows_taken", rows_taken),
            ("mesh_rows_doubled", rows_doubled),
            ("mesh_rows_older", rows_older),
            ("mesh_rows_expired", rows_expired),
            ("mesh_rows_full", rows_full),
            ("mesh_rows_own", rows_own),
            ("mesh_streams_full", streams_full),
            ("mesh_labels_full", labels_full),
            ("mesh_handles_full", handles_full),
            ("mesh_sensors_full", sensors_full),
            ("mesh_versions_full", versions_full),
            ("mesh_packets_sent", packets_sent),
            ("mesh_bytes_sent", bytes_sent),
            ("mesh_packets_taken", packets_taken),
            ("mesh_packets_doubled", packets_doubled),
            ("mesh_packets_refused", packets_refused),
            ("mesh_packets_strange", packets_strange),
            ("mesh_bases_unknown", bases_unknown),
            ("mesh_packets_lost", packets_lost),
            ("mesh_rows_sent_full", rows_sent_full),
            ("mesh_rows_sent_delta", rows_sent_delta),
            ("mesh_bits_sent_full", bits_sent_full),
            ("mesh_bits_sent_delta", bits_sent_delta),
            ("mesh_checks_failed", checks_failed),
            ("mesh_links_full", links_full),
            ("mesh_journal_full", journal_full),
            ("mesh_indexes_full", indexes_full),
            ("mesh_prunes", prunes),
            ("mesh_grafts", grafts),
            ("mesh_rows_looked_at", rows_looked_at),
            ("mesh_seals_written", seals_written),
            ("mesh_seals_verified", seals_verified),
            ("mesh_seals_put_off", seals_put_off),
            ("mesh_seals_expired", seals_expired),
            ("mesh_forged", forged),
            ("mesh_unsealed", unsealed),
            ("mesh_denied", denied),
            ("mesh_waiting_full", waiting_full),
            ("mesh_promised_full", promised_full),
            ("mesh_papers_refused", papers_refused),
            ("mesh_papers_full", papers_full),
        ];
        all.into_iter().for_each(|(name, count)| each(name, count));
    }
}
