//! The log lines about what an operator did (decision I4).

use domain::record::EntityRecord;
use domain::usage::UsageRecord;
use protocol::message::InstanceId;

use crate::log_ids::LogIds;

/// Logs that an operator made waiting notices due. `count` is the number of selected notices that
/// wait; `key` is the key of the entity's record.
pub fn log_made_due(key: &str, record: &EntityRecord, count: usize) {
    let LogIds { order_id, instance_id, tenant_id, app_id, .. } = LogIds::of_record(record);
    tracing::info!(
        orderId = order_id,
        instanceId = instance_id,
        tenantId = tenant_id,
        appId = app_id,
        entity = key,
        count,
        "operator made notices due"
    );
}

/// Logs that an operator sent dead letters again. `count` is the number of dead letters; `key` is the
/// key of the entity's record.
pub fn log_replayed(key: &str, record: &EntityRecord, count: usize) {
    let LogIds { order_id, instance_id, tenant_id, app_id, .. } = LogIds::of_record(record);
    tracing::info!(
        orderId = order_id,
        instanceId = instance_id,
        tenantId = tenant_id,
        appId = app_id,
        entity = key,
        count,
        "operator sent notices again"
    );
}

/// Logs that an operator reported windows in the product's place. `count` is the number of windows
/// that were accepted.
pub fn log_usage_reported(instance: &InstanceId, count: usize) {
    let instance_id = LogIds::of_instance(instance).instance_id;
    tracing::info!(instanceId = instance_id, count, "operator reported usage");
}

/// Logs that an operator made waiting windows due. `count` is the number of windows that wait.
pub fn log_usage_made_due(instance: &InstanceId, count: usize) {
    let instance_id = LogIds::of_instance(instance).instance_id;
    tracing::info!(instanceId = instance_id, count, "operator made usage due");
}

/// Logs that an operator had a window sent again. `number` counts the sendings that operators
/// requested for this window.
pub fn log_usage_again(instance: &InstanceId, record: &UsageRecord) {
    tracing::info!(
        instanceId = LogIds::of_instance(instance).instance_id,
        begin = record.window.begin().to_rfc3339(),
        end = record.window.end().to_rfc3339(),
        value = %record.quantity,
        number = record.number,
        "operator sent usage again"
    );
}
