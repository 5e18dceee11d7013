//! Usage. [`rules`] check the pure rules of usage records.

mod rules;
