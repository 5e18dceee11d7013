//! Usage (话单): what the product reports, and what becomes of it. [`calls`] makes the product's
//! calls. [`reports`] and [`bodies`] check `POST /usage`; [`outages`] checks it while the store fails;
//! [`load`] checks many instances. [`info`] checks `PUT /instances/{instanceId}/usage-info`.
//! [`log_lines`] checks the lines of both. [`rules`] check the pure rules of usage records. [`model`]
//! checks everything together, in random histories.

mod bodies;
mod calls;
mod info;
mod load;
mod log_lines;
mod model;
mod outages;
mod reports;
mod rules;
