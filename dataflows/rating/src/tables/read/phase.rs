//! Trials and pauses inside rows of `subscriptions`.

use super::fields::{Fields, list};
use super::{Reading, numbers, texts, times};
use crate::tables::document::Node;
use crate::tables::mistake::MistakeCode;
use crate::tables::{PausedUsage, Phase, PhaseKind, Table, TrialLimit};

const FIELDS: &[&str] = &["phase", "effective_from", "effective_to", "limits", "usage"];
const PHASES_LIMIT: usize = 100;
const LIMITS_LIMIT: usize = 100;

#[derive(Clone, Copy)]
enum Kind {
    Trial,
    Pause,
}

const KINDS: &[(&str, Kind)] = &[("trial", Kind::Trial), ("pause", Kind::Pause)];
const USAGES: &[(&str, PausedUsage)] = &[("free", PausedUsage::Free), ("charged", PausedUsage::Charged)];

pub(super) fn phases(node: &Node, reading: &mut Reading) -> Option<Vec<Phase>> {
    list(PHASES_LIMIT, phase)(node, reading)
}

fn phase(node: &Node, reading: &mut Reading) -> Option<Phase> {
    let fields = Fields::open(node, FIELDS, reading)?;
    let kind = fields.required("phase", reading, texts::one_of(KINDS));
    let effective_from = fields.required("effective_from", reading, times::instant);
    let effective_to = times::end(&fields, "effective_to", effective_from, MistakeCode::EmptyValidity, reading);
    let kind = match kind? {
        Kind::Trial => {
            let alone = fields.refuse(&["usage"], "usage is free in a trial", reading);
            let limits = fields.or("limits", Vec::new(), reading, list(LIMITS_LIMIT, limit));
            // What never ends is no trial.
            let ends = match fields.get("effective_to") {
                Some(_) => Some(()),
                None => fields.required("effective_to", reading, times::instant).map(drop),
            };
            alone.and(ends).and(Some(PhaseKind::Trial { limits: limits? }))
        }
        Kind::Pause => {
            let alone = fields.refuse(&["limits"], "a pause has no free units", reading);
            // Required: whether a paused customer who goes on using pays is nothing to be guessed.
            let usage = fields.required("usage", reading, texts::one_of(USAGES));
            alone.and(Some(PhaseKind::Pause { usage: usage? }))
        }
    };
    Some(Phase { effective_from: effective_from?, effective_to: effective_to?, kind: kind? })
}

fn limit(node: &Node, reading: &mut Reading) -> Option<TrialLimit> {
    let fields = Fields::open(node, &["meter", "included"], reading)?;
    let meter = fields.required("meter", reading, texts::reference(Table::Meters));
    let included = fields.required("included", reading, numbers::quantity);
    Some(TrialLimit { meter: meter?, included: included? })
}
