//! The engine and the oracle on the same input, with their rows written in one way so that they can be compared.

pub mod feed;
pub mod oracle_rows;
pub mod rows;
pub mod shown;
pub mod shrink;
