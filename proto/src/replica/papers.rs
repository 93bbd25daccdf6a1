//! Passports and the deny-list: what a replica knows of others' keys, and how it comes to every node.
//!
//! They are signed by the mission's authority, whose key a node has from its configuration; nobody need be asked. Each
//! node passes on what it could verify, once to each life of each neighbour, in pieces that fit into any packet. Of a
//! node's passports the one that begins last counts; of the lists the one of the highest version.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fusion_core::time::Timestamp;
use fusion_core::track::NodeId;

use super::link::Link;
use super::{LinkId, Replica};
use crate::packet::item::Piece;
use crate::passport::{DenyList, Passport, PassportError, SigningKey, VerifyingKey};

/// Passports held at the most.
///
/// Counter: `Tally::papers_full`. Rows of a further node wait for one and are let go.
const PASSPORTS_MAX: usize = 1024;

/// Octets of a piece.
pub(super) const PIECE_BYTES: usize = 100;

/// Pieces of a paper at the most: more than the longest deny-list has.
///
/// Counter: `Tally::papers_refused`.
const PIECES_MAX: u8 = 32;

/// Papers that come in pieces over one link at one time.
///
/// Counter: `Tally::papers_full`. The first is let go for the next; it comes again with the next session.
const OPEN_MAX: usize = 16;

/// Who this node is, to others.
#[derive(Clone, Debug)]
pub struct Identity {
    /// What it signs with.
    pub signing_key: SigningKey,
    /// What the authority says of the key.
    pub passport: Passport,
}

/// What a replica verifies with, and signs with.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Who this node is; without it, its rows are not sealed.
    pub identity: Option<Identity>,
    /// The mission's authority; without it no passport and no deny-list is believed.
    pub authority: Option<VerifyingKey>,
}

/// A passport or a deny-list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Paper {
    Passport(Box<Passport>),
    DenyList(Box<DenyList>),
}

/// What kind a paper is, in one octet.
const PASSPORT: u8 = 0;
const DENY_LIST: u8 = 1;

impl Paper {
    fn encode(&self) -> (u8, Vec<u8>) {
        match self {
            Self::Passport(passport) => (PASSPORT, passport.encode()),
            Self::DenyList(list) => (DENY_LIST, list.encode()),
        }
    }

    fn decode(kind: u8, octets: &[u8]) -> Option<Self> {
        match kind {
            PASSPORT => Passport::decode(octets).ok().map(|passport| Self::Passport(Box::new(passport))),
            DENY_LIST => DenyList::decode(octets).ok().map(|list| Self::DenyList(Box::new(list))),
            _ => None,
        }
    }
}

/// How a node's word stands.
pub(super) enum Standing {
    /// Signed with this key, it counts.
    Good(VerifyingKey),
    /// There is no passport of it, or it does not count yet.
    Unknown,
    /// It has expired, or is denied.
    Expired,
}

/// A paper that is passed on: its kind and octets.
type Octets = (u8, Vec<u8>);

/// What is known of keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Keyring {
    authority: Option<VerifyingKey>,
    passports: BTreeMap<NodeId, (Passport, VerifyingKey)>,
    list: Option<DenyList>,
    /// All of them in octets, by the last of these, which are a signature's.
    told: BTreeMap<u64, Octets>,
    open: BTreeMap<(LinkId, u64), BTreeMap<u8, Vec<u8>>>,
}

impl Keyring {
    pub(super) fn new(keys: &Keys) -> Self {
        let mut keyring = Self { authority: keys.authority, ..Self::default() };
        if let Some(identity) = &keys.identity {
            keyring.insert_passport(&identity.passport);
        }
        keyring
    }

    /// How a node's word stands at a time.
    pub(super) fn standing(&self, node: NodeId, now: Timestamp) -> Standing {
        match self.passports.get(&node) {
            Some((passport, _)) if now >= passport.not_after => Standing::Expired,
            Some((passport, _)) if self.list.as_ref().is_some_and(|list| list.denies(passport.key_id())) => {
                Standing::Expired
            }
            Some((passport, key)) if now >= passport.not_before => Standing::Good(*key),
            Some(_) | None => Standing::Unknown,
        }
    }

    /// Passports whose keys are denied.
    fn denied(&self) -> impl Iterator<Item = &Passport> {
        let all = self.passports.values().map(|(passport, _)| passport);
        all.filter(|passport| self.list.as_ref().is_some_and(|list| list.denies(passport.key_id())))
    }

    /// Takes a paper in, if it is news; whether it was.
    fn insert(&mut self, paper: &Paper, now: Timestamp) -> Result<bool, PassportError> {
        let authority = self.authority.as_ref().ok_or(PassportError::Signature)?;
        match paper {
            Paper::Passport(passport) => match passport.verify(authority, now) {
                Err(PassportError::Expired(_) | PassportError::NotYet(_)) | Ok(()) => {
                    Ok(self.insert_passport(passport))
                }
                Err(error) => Err(error),
            },
            Paper::DenyList(list) => {
                list.verify(authority)?;
                Ok(self.insert_list(list))
            }
        }
    }

    fn insert_passport(&mut self, passport: &Passport) -> bool {
        let Ok(key) = passport.verifying_key() else { return false };
        let rank = |passport: &Passport| (passport.not_before, passport.not_after, passport.key);
        let known = self.passports.get(&passport.node).map(|(known, _)| known);
        if known.is_some_and(|known| rank(known) >= rank(passport)) {
            return false;
        }
        let former = known.map(|known| tag(&known.encode()));
        if former.is_none() && self.passports.len() >= PASSPORTS_MAX {
            return false;
        }
        self.replace(former, (PASSPORT, passport.encode()));
        self.passports.insert(passport.node, (passport.clone(), key));
        true
    }

    fn insert_list(&mut self, list: &DenyList) -> bool {
        if self.list.as_ref().is_some_and(|known| known.version >= list.version) {
            return false;
        }
        let former = self.list.as_ref().map(|known| tag(&known.encode()));
        self.replace(former, (DENY_LIST, list.encode()));
        self.list = Some(list.clone());
        true
    }

    fn replace(&mut self, former: Option<u64>, paper: Octets) {
        former.map(|former| self.told.remove(&former));
        self.told.insert(tag(&paper.1), paper);
    }

    /// All papers that hold.
    pub(super) fn papers(&self) -> impl Iterator<Item = &Octets> {
        self.told.values()
    }

    /// A piece of a paper that this node holds; `None` if it does not hold it any more.
    pub(super) fn piece(&self, tag: u64, part: u8) -> Option<Piece> {
        let (kind, octets) = self.told.get(&tag)?;
        let octets = octets.chunks(PIECE_BYTES).nth(part.into())?.to_vec();
        Some(Piece { kind: *kind, tag, part, parts: self.parts(tag)?, octets })
    }

    fn parts(&self, tag: u64) -> Option<u8> {
        self.told.get(&tag).and_then(|(_, octets)| u8::try_from(octets.len().div_ceil(PIECE_BYTES)).ok())
    }

    /// What a neighbour was not told yet, is to be.
    pub(super) fn offer(&self, link: &mut Link) {
        for tag in self.told.keys().filter(|tag| !link.papers_told.contains(*tag)) {
            link.papers_due.extend((0..self.parts(*tag).unwrap_or(0)).map(|part| (*tag, part)));
        }
        link.papers_told = self.told.keys().copied().collect();
    }

    /// A piece came: the paper, if it was the last that lacked. `Err` if it cannot be one.
    fn assemble(&mut self, from: LinkId, piece: Piece) -> Result<Option<Paper>, bool> {
        if piece.parts > PIECES_MAX || piece.part >= piece.parts {
            return Err(false);
        }
        let place = (from, piece.tag);
        let of_link: Vec<_> = self.open.range((from, 0)..=(from, u64::MAX)).map(|(place, _)| *place).collect();
        let full = of_link.len() >= OPEN_MAX && !self.open.contains_key(&place);
        if let Some(first) = of_link.first().filter(|_| full) {
            self.open.remove(first);
        }
        let pieces = self.open.entry(place).or_default();
        pieces.insert(piece.part, piece.octets);
        if pieces.len() < usize::from(piece.parts) {
            return if full { Err(true) } else { Ok(None) };
        }
        let octets = self.open.remove(&place).unwrap_or_default().into_values().flatten().collect::<Vec<u8>>();
        Paper::decode(piece.kind, &octets).map(Some).ok_or(false)
    }
}

/// A paper's name between neighbours: its last octets, which are a signature's.
fn tag(octets: &[u8]) -> u64 {
    octets.last_chunk::<8>().map_or(0, |last| u64::from_le_bytes(*last))
}

impl Replica {
    /// A passport, of this node or another: verified, kept and passed on if it is news.
    ///
    /// # Errors
    /// [`PassportError::Signature`] if it is not of this mission's authority, or there is none.
    pub fn handle_passport(&mut self, passport: Passport, now: super::Now) -> Result<(), PassportError> {
        self.now = now;
        self.take_paper(&Paper::Passport(Box::new(passport)))
    }

    /// A deny-list: verified, acted on, kept and passed on if it is news.
    ///
    /// # Errors
    /// [`PassportError::Signature`] if it is not of this mission's authority, or there is none.
    pub fn handle_deny_list(&mut self, list: DenyList, now: super::Now) -> Result<(), PassportError> {
        self.now = now;
        self.take_paper(&Paper::DenyList(Box::new(list)))
    }

    /// The deny-list that holds.
    #[must_use]
    pub const fn deny_list(&self) -> Option<&DenyList> {
        self.keyring.list.as_ref()
    }

    /// Passports whose keys it denies: they tell the names.
    pub fn denied(&self) -> impl Iterator<Item = &Passport> {
        self.keyring.denied()
    }

    /// The passport of a node that holds.
    #[must_use]
    pub fn passport(&self, node: NodeId) -> Option<&Passport> {
        self.keyring.passports.get(&node).map(|(passport, _)| passport)
    }

    /// What was kept of papers for this life.
    pub(super) fn restore_paper(&mut self, kind: u8, octets: &[u8]) -> bool {
        Paper::decode(kind, octets).is_some_and(|paper| self.take_paper(&paper).is_ok())
    }

    fn take_paper(&mut self, paper: &Paper) -> Result<(), PassportError> {
        if !self.keyring.insert(paper, self.now.validity)? {
            return Ok(());
        }
        if self.config.journal {
            let (kind, octets) = paper.encode();
            self.journal.note_paper(kind, octets);
        }
        for link in self.links.values_mut().filter(|link| link.is_open()) {
            self.keyring.offer(link);
        }
        // What this node says of its own, others refuse; it goes on for those who look at it.
        let mut denied: BTreeSet<NodeId> = self.keyring.denied().map(|passport| passport.node).collect();
        denied.remove(&self.me.node);
        for link in self.links.values_mut() {
            if link.neighbour.is_some_and(|neighbour| denied.contains(&neighbour.origin.node)) {
                link.handle_down();
            }
        }
        self.table.deny(denied);
        self.judge_seals();
        Ok(())
    }

    /// A piece of a paper came over a link.
    pub(super) fn take_piece(&mut self, from: LinkId, piece: Piece) {
        let tag = piece.tag;
        if self.keyring.told.contains_key(&tag) || self.keyring.authority.is_none() {
            return;
        }
        let paper = match self.keyring.assemble(from, piece) {
            Ok(Some(paper)) => paper,
            Ok(None) => return,
            Err(full) => {
                self.tally.papers_full += u64::from(full);
                self.tally.papers_refused += u64::from(!full);
                return;
            }
        };
        if let Some(link) = self.links.get_mut(&from) {
            link.papers_told.insert(tag);
        }
        if self.take_paper(&paper).is_err() {
            self.tally.papers_refused += 1;
            if let Some(link) = self.links.get_mut(&from) {
                link.forged += 1;
            }
        }
    }
}

/// Pieces of papers that a link still has to send.
pub(super) type PiecesDue = VecDeque<(u64, u8)>;
