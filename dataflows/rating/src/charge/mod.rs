//! Charge models, one a file: how a quantity becomes an exact amount.
//!
//! Owns price curves: for each quantity of a period what it costs from zero on. The parts of a charge apply in this
//! order: unit conversion, the allowance, unit credits, the model, free units, discounts, minimum, maximum. All of them
//! are one cumulative function, so that the cost of a step is its value after the step less that before. Does not own carry,
//! shares of a level and rounding (`rate`).

mod cost;
mod dynamic;
mod flat;
mod graduated;
mod graduated_percentage;
mod package;
mod per_unit;
mod percentage;
mod rate;
mod rules;
mod stairstep;
mod tier;
mod units;
mod volume;

pub use cost::Cost;
pub use rules::{StepAmount, StepKind};

use crate::number::{Exact, PriceError, Quantity, flat_amount};
use crate::tables::{Charge, ChargeModel};
use rate::Rate;
use rules::Rules;
use rust_decimal::Decimal;
use units::Conversion;

/// What each tier takes of a quantity above the allowance, and its price. Ascending by tier; those it does not reach
/// are left out. A charge without tiers is one tier.
pub type Tiers = Vec<TierAmount>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierAmount {
    /// Index of the tier in the charge.
    pub tier: u32,
    pub quantity: Quantity,
    pub amount: Exact,
}

/// How far a period is: what it has used, and how many units of that are to be paid, in the units that are charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub quantity: Quantity,
    pub units: Quantity,
}

/// Why a charge gives no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChargeError {
    #[error("price: {0}")]
    Price(#[from] PriceError),
    #[error("tiers must ascend and the last one, and only that, must have no up_to")]
    InvalidTiers,
    #[error("a conversion needs a factor and a divisor above zero, and at most nine digits")]
    InvalidConversion,
    #[error("the quantity is out of range")]
    QuantityOverflow,
    #[error("the amount is out of range")]
    AmountOverflow,
}

/// The price curve of one charge: the amount of every quantity, the allowance being free.
#[derive(Clone, Debug)]
pub struct Curve {
    conversion: Option<Conversion>,
    included: Quantity,
    model: Model,
    /// What a season multiplies every price of the model with.
    factor: Option<Exact>,
    rules: Option<Rules>,
}

#[derive(Clone, Debug)]
enum Model {
    Flat(flat::Flat),
    PerUnit(per_unit::PerUnit),
    Graduated(graduated::Graduated),
    Volume(volume::Volume),
    Package(package::Package),
    Stairstep(stairstep::Stairstep),
    Percentage(percentage::Percentage),
    GraduatedPercentage(graduated_percentage::GraduatedPercentage),
    Dynamic,
}

impl Curve {
    /// The curve of a whole period.
    pub fn new(charge: &Charge) -> Result<Curve, ChargeError> {
        Curve::of_share(charge, None)
    }

    /// The curve of a stretch of a period which has this share of everything that the charge gives or asks for the
    /// period: included and free units, amounts off, minimum, maximum. What the model says is not shared.
    pub fn of_share(charge: &Charge, share: Option<Exact>) -> Result<Curve, ChargeError> {
        let included = share.map_or(Ok(charge.included), |share| units::part(charge.included, share))?;
        Ok(Curve {
            conversion: charge.rules.conversion.as_ref().map(Conversion::new).transpose()?,
            included: included.max(Quantity::ZERO),
            model: Model::new(&charge.model)?,
            factor: None,
            rules: Rules::new(&charge.rules, share)?,
        })
    }

    /// The same curve at a percentage of its prices.
    pub fn at_percent(mut self, percent: Decimal) -> Result<Curve, ChargeError> {
        if percent != Decimal::ONE_HUNDRED {
            let percent = flat_amount(percent)?;
            let hundredth = Exact::ratio(1, 100).and_then(|hundredth| percent.checked_mul(hundredth));
            self.factor = Some(hundredth.ok_or(ChargeError::AmountOverflow)?.reduced());
        }
        Ok(self)
    }

    pub fn included(&self) -> Quantity {
        self.included
    }

    /// The part of a quantity above the allowance, in the units that are charged; nothing of a quantity below zero.
    pub fn overage(&self, quantity: Quantity) -> Result<Quantity, ChargeError> {
        let units = match &self.conversion {
            Some(conversion) => conversion.convert(quantity).ok_or(ChargeError::QuantityOverflow)?,
            None => quantity,
        };
        Ok(Quantity(units.0.max(self.included.0) - self.included.0))
    }

    /// Where a period is in which credits have covered so many of the units above the allowance.
    pub fn progress(&self, quantity: Quantity, covered: Quantity) -> Result<Progress, ChargeError> {
        let units = self.overage(quantity)?.checked_sub(covered).ok_or(ChargeError::QuantityOverflow)?;
        Ok(Progress { quantity, units: units.max(Quantity::ZERO) })
    }

    /// What a period costs that is so far, counted from zero.
    pub fn at(&self, Progress { quantity, units }: Progress) -> Result<Cost, ChargeError> {
        let tiers = self.priced(units)?;
        let steps = match &self.rules {
            Some(rules) => {
                rules.steps(&tiers, units, quantity > Quantity::ZERO, |fewer_units| self.priced(fewer_units))?
            }
            None => Vec::new(),
        };
        Ok(Cost { tiers, steps })
    }

    /// What the step from `before` to `after` costs: F(after) − F(before), tier by tier and step by step. Below zero
    /// when the quantity went back.
    pub fn between(&self, before: Progress, after: Progress) -> Result<Cost, ChargeError> {
        self.at(after)?.since(self.at(before)?).ok_or(ChargeError::AmountOverflow)
    }

    /// The model's tiers of units above the allowance, at the season's prices.
    fn priced(&self, units: Quantity) -> Result<Tiers, ChargeError> {
        if units == Quantity::ZERO {
            return Ok(Vec::new());
        }
        let mut tiers = self.model.at(units)?;
        if let Some(factor) = self.factor {
            for tier in &mut tiers {
                tier.amount = tier.amount.checked_mul(factor).ok_or(ChargeError::AmountOverflow)?;
            }
        }
        Ok(tiers)
    }
}

impl Model {
    fn new(row: &ChargeModel) -> Result<Model, ChargeError> {
        Ok(match row {
            ChargeModel::Flat { price } => Model::Flat(flat::Flat::new(*price)?),
            ChargeModel::PerUnit { price } => Model::PerUnit(per_unit::PerUnit::new(price)?),
            ChargeModel::Graduated { tiers } => Model::Graduated(graduated::Graduated::new(tiers)?),
            ChargeModel::Volume { tiers } => Model::Volume(volume::Volume::new(tiers)?),
            ChargeModel::Package { price } => Model::Package(package::Package::new(price)?),
            ChargeModel::Stairstep { tiers } => Model::Stairstep(stairstep::Stairstep::new(tiers)?),
            ChargeModel::Percentage { percent } => Model::Percentage(percentage::Percentage::new(*percent)?),
            ChargeModel::GraduatedPercentage { tiers } => {
                Model::GraduatedPercentage(graduated_percentage::GraduatedPercentage::new(tiers)?)
            }
            ChargeModel::Dynamic => Model::Dynamic,
        })
    }

    /// What `units`, above zero, cost.
    fn at(&self, units: Quantity) -> Result<Tiers, ChargeError> {
        match self {
            Model::Flat(model) => model.at(units),
            Model::PerUnit(model) => model.at(units),
            Model::Graduated(model) => model.at(units),
            Model::Volume(model) => model.at(units),
            Model::Package(model) => model.at(units),
            Model::Stairstep(model) => model.at(units),
            Model::Percentage(model) => model.at(units),
            Model::GraduatedPercentage(model) => model.at(units),
            Model::Dynamic => dynamic::at(units),
        }
    }
}

/// The one tier of a charge without tiers.
fn single(units: Quantity, amount: Exact) -> Tiers {
    vec![TierAmount { tier: 0, quantity: units, amount }]
}

/// The sum over the tiers; `None` where it leaves the range.
pub fn total(tiers: &[TierAmount]) -> Option<Exact> {
    tiers.iter().try_fold(Exact::ZERO, |sum, share| sum.checked_add(share.amount))
}
