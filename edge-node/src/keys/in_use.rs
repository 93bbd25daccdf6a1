//! The keys that a running node uses: read anew when their files are replaced, and denying whom the mesh says that the
//! authority denies.
//!
//! A deny-list that came over the mesh is in force at once and kept for the next start: beside the journal, since a
//! service may not write where its keys are; without a journal, beside the keys.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use proto::passport::{DenyList, Passport};

use super::files::{self, Readers};
use super::papers::Denied;
use super::{DENIED, INSTALLED, Keys, KeysError, folder};
use crate::config::{Config, KeysConfig};

/// When the files of keys were changed last, and their inodes.
type Changed = [Option<(SystemTime, u64)>; 2];

/// The keys in use, which may be replaced while the node runs.
#[derive(Debug)]
pub struct Papers {
    me: String,
    config: KeysConfig,
    folder: PathBuf,
    state: Option<PathBuf>,
    keys: RwLock<Arc<Keys>>,
    read: Mutex<Changed>,
    /// A list that came over the mesh and is not kept yet.
    unkept: Mutex<Option<Denied>>,
}

impl Papers {
    /// Reads the keys of the node that the configuration names; `None` if it names none.
    ///
    /// # Errors
    /// [`KeysError`] if there are none, or they name somebody else.
    pub fn open(config: &Config) -> Result<Option<Self>, KeysError> {
        let Some(keys) = &config.keys else { return Ok(None) };
        let folder = folder(keys)?;
        let papers = Self {
            me: config.node.name.clone(),
            config: keys.clone(),
            read: Mutex::new(changed(&folder)),
            folder,
            state: config.node.state_directory.clone(),
            keys: RwLock::new(Arc::new(Keys::load(keys, config.node.state_directory.as_deref())?)),
            unkept: Mutex::default(),
        };
        papers.checked(papers.keys())?;
        Ok(Some(papers))
    }

    fn checked(&self, keys: Arc<Keys>) -> Result<Arc<Keys>, KeysError> {
        if keys.passport.name == self.me.as_str() {
            return Ok(keys);
        }
        Err(KeysError::Refused(format!(
            "the keys in {} are for {}, and node.name is {}: enrol this node under its own name",
            self.folder.display(),
            keys.passport.name,
            self.me
        )))
    }

    /// Whose they are.
    #[must_use]
    pub fn me(&self) -> &str {
        &self.me
    }

    /// What is said of them.
    #[must_use]
    pub const fn config(&self) -> &KeysConfig {
        &self.config
    }

    /// The keys in use.
    #[must_use]
    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads them anew if their files have changed, and keeps what came over the mesh.
    ///
    /// # Errors
    /// [`KeysError`] once for each change that cannot be used, and for each list that cannot be kept; what was in use
    /// stays so.
    pub fn look(&self) -> Result<(), KeysError> {
        self.keep()?;
        let now = changed(&self.folder);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if *read == now {
            return Ok(());
        }
        *read = now;
        drop(read);
        let mut new = Keys::load(&self.config, self.state.as_deref())?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if new.authority == keys.authority {
            new.deny(keys.deny_list.clone(), keys.denied.iter().cloned());
        }
        *keys = self.checked(Arc::new(new))?;
        Ok(())
    }

    /// A deny-list that the replica has verified, with passports of those on it: in force from now on.
    pub fn handle_deny_list(&self, list: &DenyList, denied: impl IntoIterator<Item = Passport>) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let mut new = Keys::clone(&keys);
        new.deny(list.clone(), denied);
        *self.unkept.lock().unwrap_or_else(PoisonError::into_inner) = Some(Denied::new(&new.deny_list, &new.denied));
        *keys = Arc::new(new);
    }

    fn keep(&self) -> Result<(), KeysError> {
        let unkept = self.unkept.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(denied) = unkept else { return Ok(()) };
        let path = self.state.as_deref().unwrap_or(&self.folder).join(DENIED);
        files::write(&path, &denied, Readers::All).map_err(|e| {
            KeysError::Refused(format!(
                "the deny-list that came over the mesh is in force, but not kept for the next start: {e}; write \
                 node.state-directory"
            ))
        })
    }
}

/// What of the files tells a replacement. The clock of a file system stands still for milliseconds, but a file that
/// replaces another by its name is not the same inode.
fn changed(folder: &Path) -> Changed {
    [INSTALLED, DENIED].map(|file| {
        let file = std::fs::metadata(folder.join(file)).ok()?;
        Some((file.modified().ok()?, file.ino()))
    })
}
