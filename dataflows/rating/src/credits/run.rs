//! A ledger asked with everything that is to be covered, at once.

use super::{Cover, CreditError, CreditUnit, Ledger, Statement};
use crate::number::Quantity;
use crate::tables::{CreditPolicy, Grant};
use crate::time::EventTime;

/// Usage or an amount that is to be covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    pub at: EventTime,
    pub quantity: Quantity,
}

/// What became of the credits of one organization and unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Burnt {
    /// What each need was covered by, in their order.
    pub covers: Vec<Vec<Cover>>,
    pub statement: Statement,
}

/// `needs` in order of time. Everything that happens by itself is worked through up to and at `until`.
pub fn burn<'a>(
    unit: &CreditUnit,
    grants: impl IntoIterator<Item = &'a Grant>,
    policies: impl IntoIterator<Item = &'a CreditPolicy>,
    needs: &[Need],
    until: EventTime,
) -> Result<Burnt, CreditError> {
    let mut ledger = Ledger::new(grants, policies, unit.grain(), until);
    let covers = needs.iter().map(|need| ledger.burn(need.at, need.quantity)).collect::<Result<_, _>>()?;
    Ok(Burnt { covers, statement: ledger.close()? })
}
