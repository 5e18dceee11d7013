# koohook writes one JSON line per event. FunctionGraph sends the lines of each function to its stream.

resource "huaweicloud_lts_group" "koohook" {
  group_name  = var.name
  ttl_in_days = var.log_days
}

resource "huaweicloud_lts_stream" "function" {
  for_each = local.functions

  group_id    = huaweicloud_lts_group.koohook.id
  stream_name = each.key
}
