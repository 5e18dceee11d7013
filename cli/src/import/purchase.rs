//! Turns a row into the instance to import and the purchase that points to it.

use domain::app_info_template::Template;
use domain::instance::id::OrderedBy;
use domain::instance::{Access, FreezeCause, Instance, InstanceState};
use protocol::app_info::AppInfo;
use protocol::message::{InstanceId, OrderId, OrderLineId, ProductId};
use protocol::time::UnixMillis;
use shell::import::Import;

use super::row::{ImportRow, MANDATORY};
use super::{cell, expiry};

/// Reads a row.
///
/// # Errors
/// The column, what is wrong with it, and what to do. The error never contains the text of the cell.
pub fn parse_row(row: &ImportRow, template: Option<&Template>) -> Result<Import, String> {
    check_cells(row)?;
    let id = identifier(row, "instanceId", InstanceId::parse)?
        .ok_or("instanceId is missing; fill it in")?;
    let order_id =
        identifier(row, "orderId", OrderId::parse)?.ok_or("orderId is missing; fill it in")?;
    let line = identifier(row, "orderLineId", OrderLineId::parse)?;
    let product = identifier(row, "productId", ProductId::parse)?;
    let charging_mode = charging_mode(row)?;
    let (order, product) = (order_id.as_str(), product.as_ref().map(ProductId::as_str));
    let ordered_by = match &line {
        Some(line) => OrderedBy::V2 { order, line: line.as_str(), product },
        None => OrderedBy::V1 { order, product, charging_mode },
    };
    let derived = ordered_by.instance_id();
    let access = access(row, &id, &order_id, template)?;
    let mut instance = Instance::created(id, order_id, Access::Ready(access));
    instance.state = state(row)?;
    instance.charging_mode = charging_mode.map(str::to_owned);
    instance.expires = row.get("expireTime").map(expiry::parse).transpose()?;
    if instance.state == InstanceState::Released {
        let active = Instance { state: InstanceState::Active, ..instance };
        // When the older server was asked to release it is unknown.
        let released = active.release(UnixMillis::EPOCH).instance;
        instance = Instance { released_at: None, ..released };
    }
    Ok(Import { instance, derived })
}

fn check_cells(row: &ImportRow) -> Result<(), String> {
    if let Some(column) = MANDATORY.into_iter().find(|column| row.get(column).is_none()) {
        return Err(format!("{column} is missing; fill it in"));
    }
    for (column, text) in row.cells() {
        cell::check(column, text).map_err(|fault| format!("{column} {fault}"))?;
    }
    Ok(())
}

fn identifier<T, E: ToString>(
    row: &ImportRow,
    column: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, String> {
    let parsed = row.get(column).map(parse).transpose();
    parsed.map_err(|fault| format!("{column} {}", fault.to_string()))
}

/// Reads the charging mode exactly, because the instance's ID depends on it. With another mode, the
/// purchase would get a second instance.
fn charging_mode(row: &ImportRow) -> Result<Option<&str>, String> {
    let mode = row.get("chargingMode");
    if mode.is_some_and(|mode| !CHARGING_MODES.contains(&mode)) {
        return Err(format!("chargingMode is unknown; write one of {}", CHARGING_MODES.join(", ")));
    }
    if matches!(mode, Some("0" | "5"))
        && row.get("orderLineId").is_none()
        && row.get("productId").is_none()
    {
        return Err("productId is missing, and chargingMode 0 or 5 needs it; fill it in".to_owned());
    }
    Ok(mode)
}

fn access(
    row: &ImportRow,
    id: &InstanceId,
    order_id: &OrderId,
    template: Option<&Template>,
) -> Result<AppInfo, String> {
    let text = |column| row.get(column).map(str::to_owned);
    match (text("frontEndUrl"), template) {
        (Some(front_end_url), _) => {
            let info = AppInfo {
                front_end_url,
                admin_url: text("adminUrl"),
                user_name: text("userName"),
                password: text("password"),
                memo: text("memo"),
            };
            info.check().map_err(|fault| fault.to_string())
        }
        (None, Some(template)) => {
            match OWN_ACCESS.into_iter().find(|column| row.get(column).is_some()) {
                Some(column) => Err(format!(
                    "frontEndUrl is missing, and {column} is set; fill frontEndUrl in, or clear {column}"
                )),
                None => Ok(template.fill(id.as_str(), order_id.as_str())),
            }
        }
        (None, None) => {
            Err("frontEndUrl is missing; fill it in, or set KOOHOOK_APP_INFO".to_owned())
        }
    }
}

fn state(row: &ImportRow) -> Result<InstanceState, String> {
    let cause = match row.get("freezeCause") {
        None | Some("expiry") => FreezeCause::Expiry,
        Some("status") => FreezeCause::Status,
        Some("both") => FreezeCause::Both,
        Some(_) => return Err("freezeCause is unknown; write expiry, status or both".to_owned()),
    };
    let state = match row.get("state") {
        None | Some("active") => InstanceState::Active,
        Some("frozen") => InstanceState::Frozen(cause),
        Some("released") => InstanceState::Released,
        Some(_) => return Err("state is unknown; write active, frozen or released".to_owned()),
    };
    match state {
        InstanceState::Active | InstanceState::Released if row.get("freezeCause").is_some() => {
            Err("freezeCause is set, and state is not frozen; clear one of them".to_owned())
        }
        InstanceState::Active | InstanceState::Frozen(_) | InstanceState::Released => Ok(state),
    }
}

/// V1's modes (both guides, `chargingMode`): on demand, period, one time, on-demand package.
const CHARGING_MODES: [&str; 4] = ["0", "1", "3", "5"];

/// The access data that a row may have besides frontEndUrl.
const OWN_ACCESS: [&str; 4] = ["adminUrl", "userName", "password", "memo"];
