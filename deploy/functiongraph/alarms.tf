# Who is told what. koohook answers a failed call with HTTP 200, so the platform's own counts do not see it:
# the log's ERROR and WARN lines do. docs/operating.md explains each line.

locals {
  # `for_each` may not contain secrets, so these are only the facts that they are set.
  has_dingtalk = nonsensitive(var.dingtalk_url != "")
  has_feishu   = nonsensitive(var.feishu_url != "")

  log_alarms = merge(
    {
      for name in keys(local.functions) :
      "${name}-error" => { function = name, word = "ERROR", level = "CRITICAL", pause = 10 }
    },
    {
      for name in keys(local.functions) :
      "${name}-warn" => { function = name, word = "WARN", level = "MINOR", pause = 60 }
    },
  )
}

resource "huaweicloud_smn_topic" "alarms" {
  name         = "${var.name}-alarms"
  display_name = "koohook"
}

resource "huaweicloud_smn_subscription" "email" {
  for_each = toset(var.alarm_emails)

  topic_urn = huaweicloud_smn_topic.alarms.topic_urn
  protocol  = "email"
  endpoint  = each.value
}

resource "huaweicloud_smn_subscription" "dingtalk" {
  count = local.has_dingtalk ? 1 : 0

  topic_urn = huaweicloud_smn_topic.alarms.topic_urn
  protocol  = "dingding"
  endpoint  = var.dingtalk_url

  extension {
    sign_secret = var.dingtalk_secret
  }
}

resource "huaweicloud_smn_subscription" "feishu" {
  count = local.has_feishu ? 1 : 0

  topic_urn = huaweicloud_smn_topic.alarms.topic_urn
  protocol  = "feishu"
  endpoint  = var.feishu_url

  extension {
    sign_secret = var.feishu_secret
  }
}

# The level is the only word of a line in capitals like these.
resource "huaweicloud_lts_keywords_alarm_rule" "log" {
  for_each = local.log_alarms

  name                   = "${var.name}-${each.key}"
  alarm_level            = each.value.level
  send_notifications     = true
  notification_frequency = each.value.pause

  keywords_requests {
    log_group_id           = huaweicloud_lts_group.koohook.id
    log_group_name         = huaweicloud_lts_group.koohook.group_name
    log_stream_id          = huaweicloud_lts_stream.function[each.value.function].id
    log_stream_name        = huaweicloud_lts_stream.function[each.value.function].stream_name
    keywords               = each.value.word
    condition              = ">="
    number                 = 1
    search_time_range      = 5
    search_time_range_unit = "minute"
  }

  frequency {
    type            = "FIXED_RATE"
    fixed_rate      = 5
    fixed_rate_unit = "minute"
  }

  notification_save_rule {
    template_name = "keywords_template"
    user_name     = var.alarm_user
    language      = "zh-cn"

    topics {
      name         = huaweicloud_smn_topic.alarms.name
      display_name = huaweicloud_smn_topic.alarms.display_name
      topic_urn    = huaweicloud_smn_topic.alarms.topic_urn
    }
  }
}

# A function that does not start, ends in its timeout or gets no instance writes no line.
resource "huaweicloud_ces_alarmrule" "functions" {
  alarm_name           = "${var.name}-functions"
  alarm_type           = "MULTI_INSTANCE"
  alarm_action_enabled = true

  metric {
    namespace = "SYS.FunctionGraph"
  }

  dynamic "resources" {
    for_each = huaweicloud_fgs_function.function

    content {
      dimensions {
        name  = "package-functionname"
        value = "${resources.value.app}-${resources.value.name}"
      }
    }
  }

  dynamic "condition" {
    for_each = ["failcount", "rejectcount"]

    content {
      metric_name         = condition.value
      period              = 300
      filter              = "sum"
      comparison_operator = ">="
      value               = 1
      count               = 1
      suppress_duration   = 3600
      alarm_level         = 2
    }
  }

  alarm_actions {
    type              = "notification"
    notification_list = [huaweicloud_smn_topic.alarms.topic_urn]
  }
}

# Full memory rejects writes, since nothing is evicted: every call then fails.
resource "huaweicloud_ces_alarmrule" "redis" {
  alarm_name           = "${var.name}-redis"
  alarm_type           = "MULTI_INSTANCE"
  alarm_action_enabled = true

  metric {
    namespace = "SYS.DCS"
  }

  resources {
    dimensions {
      name  = "dcs_instance_id"
      value = huaweicloud_dcs_instance.store.id
    }
  }

  condition {
    metric_name         = "memory_usage"
    period              = 300
    filter              = "average"
    comparison_operator = ">="
    value               = 80
    count               = 3
    suppress_duration   = 86400
    alarm_level         = 2
  }

  alarm_actions {
    type              = "notification"
    notification_list = [huaweicloud_smn_topic.alarms.topic_urn]
  }
}

# koohook answers with 5xx only if it has too much to do. Here the gateway does not reach a function.
resource "huaweicloud_ces_alarmrule" "gateway" {
  alarm_name           = "${var.name}-gateway"
  alarm_type           = "MULTI_INSTANCE"
  alarm_action_enabled = true

  metric {
    namespace = "SYS.APIC"
  }

  resources {
    dimensions {
      name  = "instance_id"
      value = huaweicloud_apig_instance.gateway.id
    }
  }

  dynamic "condition" {
    for_each = ["error_5xx", "throttled_calls"]

    content {
      metric_name         = condition.value
      period              = 300
      filter              = "sum"
      comparison_operator = ">="
      value               = 1
      count               = 1
      suppress_duration   = 3600
      alarm_level         = 2
    }
  }

  alarm_actions {
    type              = "notification"
    notification_list = [huaweicloud_smn_topic.alarms.topic_urn]
  }
}
