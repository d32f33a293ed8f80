//! Promises about catalogs and rows: what is wrong is named with its place, what is right is read exactly, and the
//! difference between two catalogs leads from one to the other.

mod any_charges;
mod any_rows;
mod change_data_capture;
mod damage;
mod listing;
mod mistakes;
mod planning;
mod rows;
