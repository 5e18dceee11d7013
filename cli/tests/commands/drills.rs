//! The drills of `docs/drills.md` that need real processes: `koohook serve`, a product, the
//! marketplace's calls, and the commands that the page tells an operator to type.

mod clock;
mod keys_leaked;
mod newer_schema;
mod older_records;
mod scene;
mod upgrade;
