//! Every page of the marketplace's guides as a page of Rust; `src/bin` says where each one runs.
//!
//! The base interfaces: [`new_instance`], [`refresh_instance`], [`expire_instance`],
//! [`update_instance_status`], [`upgrade_instance`], [`release_instance`], [`query_instance`],
//! [`change_instance_check`]; [`receive`] is all of these at one address.
//! The joint-operations kit: [`tenant_sync`], `application_sync`, [`auth_sync`],
//! [`single_org_sync`], [`all_org_sync`]. The product's way in: [`app_info`].

pub mod all_org_sync;
pub mod app_info;
#[cfg(feature = "application-sync")]
pub mod application_sync;
pub mod auth_sync;
pub mod change_instance_check;
pub mod expire_instance;
pub mod new_instance;
pub mod query_instance;
pub mod receive;
pub mod refresh_instance;
pub mod release_instance;
pub mod single_org_sync;
pub mod tenant_sync;
pub mod update_instance_status;
pub mod upgrade_instance;
