//! A disk as a model: it forgets what was not synced, tears what was half written, and fails where it is told to.

use crate::state::Files;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The operation is half done, and no other follows.
    PowerCut,
    Full,
    /// The device says no, and has lost what was to be synced.
    Broken,
}

/// A call that somebody forgot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgotten {
    SyncOfFiles,
    SyncOfFolder,
}

#[derive(Debug, Default)]
struct Inode {
    bytes: Vec<u8>,
    /// What survives.
    synced: Vec<u8>,
    lost: bool,
}

#[derive(Debug, Default)]
struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    operations: usize,
    fault: Option<(usize, Fault)>,
    forgotten: Option<Forgotten>,
    off: bool,
}

/// Its clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Model(Arc<Mutex<State>>);

/// Numbers from a seed.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }
}

impl Model {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn fail_at(&self, operation: usize, fault: Fault) {
        self.state().fault = Some((operation, fault));
    }

    pub fn forget(&self, forgotten: Forgotten) {
        self.state().forgotten = Some(forgotten);
    }

    pub fn operations(&self) -> usize {
        self.state().operations
    }

    /// Power is back: of what was not synced, chance says what is there.
    pub fn restart(&self, dice: &mut Dice) {
        let state = &mut *self.state();
        let both: Vec<String> = state.names.keys().chain(state.synced_names.keys()).cloned().collect();
        let mut names = BTreeMap::new();
        for name in both {
            let kept = if dice.below(2) == 0 { &state.names } else { &state.synced_names };
            names.extend(kept.get(&name).map(|inode| (name.clone(), *inode)));
        }
        for inode in &mut state.inodes {
            if inode.bytes != inode.synced {
                inode.bytes.truncate(dice.below(inode.bytes.len()));
            }
            inode.synced = inode.bytes.clone();
        }
        (state.names, state.synced_names) = (names.clone(), names);
        (state.off, state.fault, state.operations) = (false, None, 0);
    }

    /// What stands in a file, to be changed behind everybody's back.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        let state = self.state();
        state.inodes[state.names[name]].bytes.clone()
    }

    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        let state = &mut *self.state();
        state.inodes.push(Inode { bytes: bytes.clone(), synced: bytes, lost: false });
        state.names.insert(name.to_owned(), state.inodes.len() - 1);
    }

    pub fn names(&self) -> Vec<String> {
        self.state().names.keys().cloned().collect()
    }
}

impl State {
    /// Counts an operation that changes something; the fault that is due.
    fn begin(&mut self) -> io::Result<Option<Fault>> {
        if self.off {
            return Err(io::Error::other("the power is off"));
        }
        let due = self.fault.filter(|(operation, _)| *operation == self.operations).map(|(_, fault)| fault);
        self.operations += 1;
        self.off = due == Some(Fault::PowerCut);
        Ok(due)
    }

    fn end(&self, fault: Option<Fault>) -> io::Result<()> {
        match fault {
            None => Ok(()),
            Some(Fault::PowerCut) => Err(io::Error::other("the power is off")),
            Some(Fault::Full) => Err(ErrorKind::StorageFull.into()),
            Some(Fault::Broken) => Err(io::Error::other("the device has failed")),
        }
    }

    fn inode(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl Files for Model {
    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.state();
        state.end(state.off.then_some(Fault::PowerCut)).map(|()| state.names.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let state = self.state();
        state.end(state.off.then_some(Fault::PowerCut))?;
        Ok(state.inodes[state.inode(name)?].bytes.clone())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let state = &mut *self.state();
        let fault = state.begin()?;
        let written = if fault.is_some() { bytes.len() / 2 } else { bytes.len() };
        let next = state.inodes.len();
        let inode = *state.names.entry(name.to_owned()).or_insert(next);
        if inode == next {
            state.inodes.push(Inode::default());
        }
        state.inodes[inode].bytes = bytes[..written].to_vec();
        state.end(fault)
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        let state = &mut *self.state();
        let fault = state.begin()?;
        let inode = state.inode(name)?;
        let inode = &mut state.inodes[inode];
        // A device that failed once says yes afterwards, and has not kept the bytes.
        inode.lost |= fault.is_some();
        if !inode.lost && state.forgotten != Some(Forgotten::SyncOfFiles) {
            inode.synced = inode.bytes.clone();
        }
        state.end(fault)
    }

    fn rename_new(&self, from: &str, to: &str) -> io::Result<()> {
        let state = &mut *self.state();
        let fault = state.begin()?;
        if state.names.contains_key(to) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        // A power cut may come after it was done.
        if matches!(fault, None | Some(Fault::PowerCut)) {
            let inode = state.inode(from)?;
            state.names.remove(from);
            state.names.insert(to.to_owned(), inode);
        }
        state.end(fault)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let state = &mut *self.state();
        let fault = state.begin()?;
        state.inode(name)?;
        if fault != Some(Fault::Broken) {
            state.names.remove(name);
        }
        state.end(fault)
    }

    fn sync_folder(&self) -> io::Result<()> {
        let state = &mut *self.state();
        let fault = state.begin()?;
        if fault.is_none() && state.forgotten != Some(Forgotten::SyncOfFolder) {
            state.synced_names = state.names.clone();
        }
        state.end(fault)
    }
}
