//! What the keys in use and the replica tell each other: what is installed here goes out over the mesh, a newer
//! deny-list that came over the mesh goes into force here.
//!
//! With the list go the passports of those on it. They tell the names, by which links are judged: a node that never met
//! the one who is denied knows whom not to let in.

use std::sync::Arc;

use proto::passport::PassportError;
use proto::replica::Now;
use tracing::{info, warn};

use super::Keys;
use super::in_use::Papers;
use crate::node::Node;

/// Between the keys in use and the replica of one node.
pub struct Exchange {
    papers: Arc<Papers>,
    /// What this life signs with: another key begins with another life.
    signing: [u8; 32],
    told: Option<Arc<Keys>>,
}

impl Exchange {
    /// Nothing was told yet.
    #[must_use]
    pub fn new(papers: Arc<Papers>) -> Self {
        let signing = papers.keys().passport.key;
        Self { papers, signing, told: None }
    }

    /// Tells each what is new to it.
    pub fn tend(&mut self, node: &mut Node, now: Now) {
        let keys = self.papers.keys();
        if !self.told.as_ref().is_some_and(|told| Arc::ptr_eq(told, &keys)) {
            if let Err(e) = self.tell(&keys, node, now) {
                warn!("keys or deny-list: {e}; start this node anew if they are to be used");
            }
            self.told = Some(Arc::clone(&keys));
        }
        let Some((replica, list)) = node.replica().and_then(|replica| Some((replica, replica.deny_list()?))) else {
            return;
        };
        let here = keys.deny_list.version;
        if list.version > here || list.version == here && replica.denied().any(|passport| !keys.denies(&passport.name))
        {
            self.papers.handle_deny_list(list, replica.denied().cloned());
            let names = self.papers.keys().denied_names().join(", ");
            info!("deny-list {} came over the mesh and is in force: {names}", list.version);
        }
    }

    fn tell(&self, keys: &Keys, node: &mut Node, now: Now) -> Result<(), PassportError> {
        let is_signing = self.papers.config().signs();
        if is_signing && keys.passport.key == self.signing {
            node.handle_passport(keys.passport.clone(), now)?;
        } else if is_signing {
            warn!("a new key to sign with is installed: this node signs with the old one until it is started anew");
        }
        for passport in &keys.denied {
            node.handle_passport(passport.clone(), now)?;
        }
        node.handle_deny_list(keys.deny_list.clone(), now)
    }
}
