//! What usage will most likely be: forecasts, anomalies and patterns of the daily totals of one series.
//!
//! ```text
//!  daily totals ─► History ─► Fit ─► forecast ─► five paths to the period's end ─► when a quantity is reached
//!                              └──► anomalies of days        hourly totals ─► HourOfWeek ─► anomalies of hours
//! ```
//!
//! Pure: a function of the totals and the present day, whatever came when. Floats are allowed here and only here, as a
//! forecast is an estimate; what leaves is rounded to the digits that usage is measured in. Only operations are used
//! that IEEE 754 defines to the last bit (`+ − × ÷ √` and rounding), so that every machine gives the same numbers.
//!
//! Owns estimates of usage. Does not own what they cost (`rating::rate`), nor when to make them (`dataflows::trends`).

pub mod anomaly;
pub mod fit;
pub mod forecast;
pub mod history;
mod level;
pub mod pattern;
mod reach;
mod spread;
mod week;

pub use anomaly::{Anomaly, day_anomalies, hour_anomalies};
pub use fit::Fit;
pub use forecast::{Estimate, Forecast, Path, Question, Reached, Stretch, forecast};
pub use history::History;
pub use pattern::HourOfWeek;
pub use reach::Reaching;
