//! Shards of organizations: what routes to a worker, and what state is kept by.
//!
//! Their number never changes, however many workers there are, so that state is taken up again by another number.

use crate::event::OrganizationKey;

pub const SHARDS: usize = 256;

/// The lowest byte of the key.
#[inline]
pub fn shard_of(organization: OrganizationKey) -> u8 {
    organization.0 as u8
}

/// The worker that counts an organization. Timely routes by the same rule where it is given the shard.
#[inline]
pub fn worker_of(organization: OrganizationKey, workers: usize) -> usize {
    usize::from(shard_of(organization)) % workers
}
