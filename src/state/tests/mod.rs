mod damage;
mod fence;
mod format;
mod incremental;
mod model;
mod power;
mod scenario;
