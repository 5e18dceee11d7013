//! What people are told when something is wrong (decision I7): each kind by a real run of the relay over
//! a world with the fault, once at its start, once an hour while it lasts, and once at its end.

mod kinds;
mod once;
mod scene;
