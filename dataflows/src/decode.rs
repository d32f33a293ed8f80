//! The operator through which everything enters the graph: it reads its worker's commands and decodes its batches.
//!
//! Owns when the graph's time moves on, and which worker counts what. Does not own what an event is (`event`).

use crate::event::{DecodeSettings, Decoded, Decoder, Event, OrganizationKey, Rejection};
use crate::feed::{Place, Records};
use crate::names::{Names, organization_key};
use crate::parcel::{Fed, Parcel, Spare};
use crate::schedules::TermsRow;
use crate::shard::worker_of;
use crate::time::Time;
use crossbeam_channel::{Receiver, Sender, TryRecvError};
use std::sync::Arc;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use timely::dataflow::{Scope, StreamVec};
use timely::scheduling::SyncActivator;

/// What a worker is told. The end of the channel ends the worker's inputs.
pub enum Command {
    Batch(Fed),
    Rows(Vec<(TermsRow, isize)>),
    Advance(Time),
    /// What is known of an identity, answered at once.
    Identity(OrganizationKey, u128, Sender<Option<crate::count::identity::Known>>),
}

pub type TermsUpdate = (TermsRow, Time, isize);

pub struct Decoding<'scope> {
    pub parcels: StreamVec<'scope, Time, Parcel>,
    pub rows: StreamVec<'scope, Time, TermsUpdate>,
    /// Wakes the operator after a command was sent.
    pub activator: SyncActivator,
}

pub fn decode<'scope>(
    scope: Scope<'scope, Time>,
    commands: Receiver<Command>,
    names: Arc<Names>,
    settings: DecodeSettings,
    spare: Spare,
    mut identity: impl FnMut(OrganizationKey, u128) -> Option<crate::count::identity::Known> + 'static,
) -> Decoding<'scope> {
    let workers = scope.peers();
    let mut builder = OperatorBuilder::new("Decode".to_owned(), scope);
    let address = builder.operator_info().address;
    let activator = scope.worker().sync_activator_for(address.to_vec());
    let again = scope.activator_for(address);
    let (parcels_output, parcels) = builder.new_output::<Vec<Parcel>>();
    let (rows_output, rows) = builder.new_output::<Vec<TermsUpdate>>();
    let mut parcels_output = OutputBuilder::<_, CapacityContainerBuilder<Vec<Parcel>>>::from(parcels_output);
    let mut rows_output = OutputBuilder::<_, CapacityContainerBuilder<Vec<TermsUpdate>>>::from(rows_output);
    builder.build(move |mut capabilities| {
        let rows_capability = capabilities.pop();
        let parcels_capability = capabilities.pop();
        let mut capabilities = parcels_capability.zip(rows_capability);
        let mut unpacker = Unpacker { decoder: Decoder::new(names, settings), workers, spare };
        move |_| {
            while let Some((parcels_capability, rows_capability)) = capabilities.as_mut() {
                match commands.try_recv() {
                    Ok(Command::Batch(fed)) => {
                        let parcels = unpacker.unpack(fed, *parcels_capability.time());
                        parcels_output.activate().session(&*parcels_capability).give_iterator(parcels.into_iter());
                        // One batch at a time, so that counting keeps up with decoding.
                        again.activate();
                        return;
                    }
                    Ok(Command::Rows(rows)) => {
                        let time = *rows_capability.time();
                        let rows = rows.into_iter().map(|(row, difference)| (row, time, difference));
                        rows_output.activate().session(&*rows_capability).give_iterator(rows);
                    }
                    Ok(Command::Advance(time)) => {
                        parcels_capability.downgrade(&time);
                        rows_capability.downgrade(&time);
                    }
                    Ok(Command::Identity(organization, wanted, answer)) => {
                        // Whoever asked may be gone.
                        let _ = answer.send(identity(organization, wanted));
                    }
                    Err(TryRecvError::Empty) => return,
                    Err(TryRecvError::Disconnected) => capabilities = None,
                }
            }
        }
    });
    Decoding { parcels, rows, activator }
}

/// Decodes batches into one parcel for each worker.
struct Unpacker {
    decoder: Decoder,
    workers: usize,
    spare: Spare,
}

type Contents = (Vec<Event>, Vec<Box<Rejection>>);

impl Unpacker {
    fn unpack(&mut self, fed: Fed, time: Time) -> Vec<Parcel> {
        let mut contents: Vec<Contents> = Vec::with_capacity(self.workers);
        contents.resize_with(self.workers, || (self.spare.take(), Vec::new()));
        let partition = fed.batch.partition;
        match &fed.batch.records {
            Records::Lines { bytes, first_offset } => {
                let mut start = 0;
                while start < bytes.len() {
                    let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |length| start + length);
                    let line = &bytes[start..end];
                    if !line.iter().all(u8::is_ascii_whitespace) {
                        let place = Place { partition, offset: first_offset + start as u64 };
                        put(self.decoder.decode(line, place, None, &fed.meters), &mut contents);
                    }
                    start = end + 1;
                }
            }
            Records::Framed(records) => records
                .iter()
                .for_each(|record| put(self.decoder.decode_record(partition, record, &fed.meters), &mut contents)),
        }
        let fed = Arc::new(fed);
        let parcel =
            |(destination, (events, rejections))| Parcel { fed: fed.clone(), time, destination, events, rejections };
        contents.into_iter().enumerate().map(parcel).collect()
    }
}

#[inline]
fn put(decoded: Decoded, contents: &mut [Contents]) {
    match decoded {
        Decoded::Event(event) => contents[worker_of(event.organization, contents.len())].0.push(event),
        Decoded::Rejected(rejection) => {
            let organization = organization_key(&rejection.organization_id);
            contents[worker_of(organization, contents.len())].1.push(rejection);
        }
    }
}
