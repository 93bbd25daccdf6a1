//! The keys of a world: an authority, and what it gave each node.

use fusion_core::time::{Span, Timestamp};
use fusion_core::track::NodeId;
use proto::passport::{DenyList, KeyId, Passport, SigningKey};
use proto::replica::{Identity, Keys};

use super::node::BEGIN;

/// Who signs passports and deny-lists.
#[must_use]
pub fn authority() -> SigningKey {
    SigningKey::from_bytes(&[0xA0; 32])
}

/// What a node signs with.
#[must_use]
pub fn signing_key(node: NodeId) -> SigningKey {
    let mut secret = [0x5E; 32];
    secret[..8].copy_from_slice(&node.0.to_le_bytes());
    SigningKey::from_bytes(&secret)
}

/// A passport that an authority gives a node for a key.
///
/// # Panics
/// Never: names and keys are sound.
#[must_use]
pub fn passport(authority: &SigningKey, node: NodeId, key: &SigningKey, until: Timestamp) -> Passport {
    let times = (BEGIN - Span::from_secs(3600), until);
    Passport::sign(authority, (node, &format!("n{:x}", node.0)), key.verifying_key().to_bytes(), times)
        .expect("a sound name and key")
}

/// All that a node has.
#[must_use]
pub fn of(node: NodeId) -> Keys {
    let signing_key = signing_key(node);
    let passport = passport(&authority(), node, &signing_key, BEGIN + Span::from_secs(86_400));
    Keys { identity: Some(Identity { signing_key, passport }), authority: Some(authority().verifying_key()) }
}

/// A deny-list with these nodes' keys, signed by an authority.
///
/// # Panics
/// Never: there are few.
#[must_use]
pub fn deny_list(authority: &SigningKey, version: u64, nodes: &[NodeId]) -> DenyList {
    let key = |node: &NodeId| KeyId::of(&signing_key(*node).verifying_key().to_bytes());
    DenyList::sign(authority, version, &nodes.iter().map(key).collect::<Vec<_>>()).expect("few")
}
