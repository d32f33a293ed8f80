//! How final periods become invoices, and the Stripe account that they go to.

use super::names;
use crate::config::secret::Secret;
use crate::config::units;
use highwater_settlement::plan::Mode;
use highwater_settlement::policy::{self, Policy, Thresholds};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// How final periods become invoices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Close {
    /// Which Stripe customer pays for an organization: a file of lines such as
    /// `{"organizationId": "acme", "customer": "cus_…", "days_until_due": 30}`.
    pub customers: Option<PathBuf>,
    /// Finalise an invoice whose lines all agree; else it is left as a draft.
    pub finalize: bool,
    /// Net terms in days. Absent: the customer's payment method is charged.
    pub days_until_due: Option<u32>,
    /// Stripe tax rates (`txr_…`) of every line; amounts are without tax.
    #[serde(deserialize_with = "names")]
    pub tax_rates: Vec<String>,
    /// Show lines that cost nothing on the invoice.
    pub zero_lines: bool,
    /// Lines in one call, 1 to 250.
    pub batch_lines: u32,
    /// Which invoices wait for somebody's approval.
    pub approval: Approval,
    /// Invoices of at least so many minor units need two persons. Absent: none does.
    pub four_eyes_minor_units: Option<u64>,
    /// An invoice stands out that differs from the last one by more than this, and by more than
    /// `variance_minor_units`.
    pub variance_percent: u32,
    pub variance_minor_units: u64,
    /// An invoice stands out whose corrections of earlier periods come to more than this.
    pub correction_minor_units: u64,
    /// An invoice stands out that is smaller than Stripe charges.
    pub least_minor_units: u64,
    /// Invoices that are sent at once, 1 to 256.
    pub in_flight: usize,
    /// How long an invoice is waited for in one run. What is unknown then stays so until `close resume`. 1s to 1d.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub patience: Duration,
}

impl Default for Close {
    fn default() -> Close {
        let Policy {
            finalize,
            days_until_due,
            tax_rates,
            zero_lines,
            batch_lines,
            approval,
            four_eyes_minor_units,
            flags,
        } = Policy::default();
        Close {
            customers: None,
            finalize,
            days_until_due,
            tax_rates,
            zero_lines,
            batch_lines,
            approval: match approval {
                policy::Approval::All => Approval::All,
                policy::Approval::Flagged => Approval::Flagged,
            },
            four_eyes_minor_units,
            variance_percent: flags.variance_percent,
            variance_minor_units: flags.variance_minor_units,
            correction_minor_units: flags.correction_minor_units,
            least_minor_units: flags.least_minor_units,
            in_flight: 32,
            patience: Duration::from_secs(900),
        }
    }
}

impl Close {
    pub fn policy(&self) -> Policy {
        Policy {
            finalize: self.finalize,
            days_until_due: self.days_until_due,
            tax_rates: self.tax_rates.clone(),
            zero_lines: self.zero_lines,
            batch_lines: self.batch_lines,
            approval: match self.approval {
                Approval::All => policy::Approval::All,
                Approval::Flagged => policy::Approval::Flagged,
            },
            four_eyes_minor_units: self.four_eyes_minor_units,
            flags: Thresholds {
                variance_percent: self.variance_percent,
                variance_minor_units: self.variance_minor_units,
                correction_minor_units: self.correction_minor_units,
                least_minor_units: self.least_minor_units,
            },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// All of them.
    All,
    /// Those that stand out.
    Flagged,
}

/// The Stripe account that invoices go to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Stripe {
    /// A key of the other mode is refused.
    pub mode: StripeMode,
    /// A secret or restricted key: `sk_test_…`, `rk_live_…`. Planning needs none.
    pub api_key: Option<Secret>,
    /// What we call the account. It is part of every idempotency key: never change it while bills are on their way.
    pub account: String,
    /// Where the API answers.
    pub url: String,
    /// How long an answer may take. Beyond it nobody knows what became of the call, and it is asked again. 1s to 5m.
    #[serde(with = "units::duration")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// Calls a second, 1 to 1000. Stripe takes 100 of a live account and 25 of a test one, for all who use it.
    pub calls_per_second: u32,
    /// Calls a second at one endpoint, 1 to 1000. Stripe takes 25.
    pub calls_per_second_per_endpoint: u32,
}

impl Default for Stripe {
    fn default() -> Stripe {
        Stripe {
            mode: StripeMode::Test,
            api_key: None,
            account: "main".into(),
            url: "https://api.stripe.com".into(),
            timeout: Duration::from_secs(80),
            calls_per_second: 20,
            calls_per_second_per_endpoint: 20,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StripeMode {
    Test,
    Live,
}

impl From<StripeMode> for Mode {
    fn from(mode: StripeMode) -> Mode {
        match mode {
            StripeMode::Test => Mode::Test,
            StripeMode::Live => Mode::Live,
        }
    }
}
