//! What every ledger of every organization says in the end, from the rated periods and the rows.
//!
//! Owns what a ledger is asked with: the units that each line had covered, and the rounded amounts that money pays. Does
//! not own what the ledger answers (`credits`).

use crate::PeriodKey;
use crate::civil::{Micros, Period};
use crate::credits::{self, CreditEntry, CreditRequest, Credits};
use crate::exact::{self, Fraction};
use crate::rating::{RateError, RatedLine, RatedPeriod, minor_digits};
use crate::tables::{Tables, text};
use num_bigint::BigInt;
use num_traits::Zero;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An organization, with a meter or a currency and which of them it is.
pub type LedgerKey = (String, &'static str, String);

#[derive(Clone, Debug, Default)]
pub struct Burnt {
    /// By ledger, grant and instant.
    pub entries: BTreeMap<(LedgerKey, String, Micros), CreditEntry>,
    /// By ledger and grant: what was granted, burned, expired, refunded, and what is left of it.
    pub balances: BTreeMap<(LedgerKey, String), [Fraction; 5]>,
    pub requests: BTreeMap<(LedgerKey, String), CreditRequest>,
    /// By organization, meter, start of the line that is paid, and grant: what it pays, below zero, in minor units.
    pub lines: BTreeMap<(String, String, Micros, String), (Period, BigInt)>,
}

type Rated = BTreeMap<PeriodKey, Result<RatedPeriod, RateError>>;

/// Everything up to and at `until`.
pub fn burnt(tables: &Tables, until: Micros, rated: &Rated) -> Burnt {
    let rows = || tables.table("grants").chain(tables.table("credit_policies"));
    let ledgers: BTreeSet<LedgerKey> = rows().map(ledger_of).collect();
    let mut burnt = Burnt::default();
    for key in ledgers {
        let (organization, unit, name) = &key;
        let of = |table| tables.table(table).filter(|row| ledger_of(row) == key).cloned().collect();
        let lines = lines(organization, rated);
        let due: Vec<(&str, &RatedLine, Fraction)> = match *unit {
            "meter" => lines.into_iter().filter(|(meter, _)| meter == name).map(covered).collect(),
            _ => lines
                .into_iter()
                .filter(|(_, line)| line.span.terms.currency == *name)
                .map(|it| pay(it, name))
                .collect(),
        };
        let case = Credits {
            grants: of("grants"),
            policies: of("credit_policies"),
            usage: due.iter().map(|(_, line, due)| (line.span.start, due.clone())).collect(),
            grain: (*unit == "currency").then(|| minor_unit(name)),
            recurring_until: until,
        };
        let expected = credits::expect(&case);
        if *unit == "currency" {
            for ((meter, line, _), covers) in due.iter().zip(&expected.covered) {
                for (grant, paid) in covers {
                    let minor_units = -exact::round(&(paid / minor_unit(name)), 0);
                    let key = (organization.clone(), (*meter).to_owned(), line.span.start, grant.clone());
                    burnt.lines.insert(key, (line.span.period, minor_units));
                }
            }
        }
        for ((at, grant), entry) in expected.entries {
            let sums =
                burnt.balances.entry((key.clone(), grant.clone())).or_insert_with(|| [(); 5].map(|()| exact::zero()));
            sums[0] += &entry.granted;
            sums[1] += &entry.burned;
            sums[2] += &entry.expired;
            sums[3] += &entry.refunded;
            sums[4] = entry.closing.clone();
            burnt.entries.insert((key.clone(), grant, at), entry);
        }
        let requests = expected.requests.into_iter().map(|request| ((key.clone(), request.id.clone()), request));
        burnt.requests.extend(requests);
    }
    burnt
}

fn ledger_of(row: &Value) -> LedgerKey {
    let unit = if row.get("meter").is_some() { "meter" } else { "currency" };
    (text(row, "organizationId").to_owned(), unit, text(row, unit).to_owned())
}

/// An organization's lines in the order in which they are paid: by start, then by meter.
fn lines<'a>(organization: &str, rated: &'a Rated) -> Vec<(&'a str, &'a RatedLine)> {
    let mine = rated.iter().filter(|(key, _)| key.organization == *organization);
    let lines = mine.filter_map(|(key, period)| Some((&*key.meter, period.as_ref().ok()?)));
    let mut lines: Vec<_> =
        lines.flat_map(|(meter, period)| period.lines.iter().map(move |line| (meter, line))).collect();
    lines.sort_by_key(|(meter, line)| (line.span.start, *meter));
    lines
}

fn covered<'a>((meter, line): (&'a str, &'a RatedLine)) -> (&'a str, &'a RatedLine, Fraction) {
    (meter, line, line.covers.iter().map(|(_, covered)| covered.clone()).sum())
}

fn pay<'a>((meter, line): (&'a str, &'a RatedLine), currency: &str) -> (&'a str, &'a RatedLine, Fraction) {
    let due = if line.amount_minor_units > BigInt::zero() { line.amount_minor_units.clone() } else { BigInt::zero() };
    (meter, line, Fraction::from_integer(due) * minor_unit(currency))
}

fn minor_unit(currency: &str) -> Fraction {
    Fraction::new(1.into(), exact::power_of_ten(minor_digits(currency)))
}
