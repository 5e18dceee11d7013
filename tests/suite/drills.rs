//! The drills of `docs/drills.md` that need no process: a year's mishaps, played with the calls of
//! the simulated marketplace and a clock that the test sets. The other drills are command tests.

mod clock;
mod relay_dead;
mod restarts;
