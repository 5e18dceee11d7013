//! The log lines about what an operator did (decision I4).

use domain::record::EntityRecord;

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
