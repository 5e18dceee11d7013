# The functions, and who gets which setting. tests/terraform compares the tables with the deploy page.

locals {
  kit_functions = ["tenant-sync", "application-sync", "auth-sync", "single-org-sync", "all-org-sync"]

  # koohook answers within 4 seconds (app-info 10, usage 20); a timeout leaves 2 more. The relay ends before
  # the next minute begins. `concurrency` is the calls of one instance: it bounds the bodies in its memory.
  # `instances` bounds what strangers can cost, and the connections to Redis.
  all_functions = merge(
    {
      receive  = { runtime = "http", timeout = local.receive_timeout, memory = 128, concurrency = 50, instances = 20 }
      app-info = { runtime = "http", timeout = 12, memory = 128, concurrency = 20, instances = 10 }
      usage    = { runtime = "http", timeout = 22, memory = 128, concurrency = 10, instances = 10 }
      # HTTP functions have no timers. Runs may overlap, so it has a second instance.
      relay = { runtime = "Custom", timeout = 59, memory = 128, concurrency = 1, instances = 2 }
    },
    # A body of the kit has up to 4 MiB.
    {
      for name in local.kit_functions :
      name => { runtime = "http", timeout = 6, memory = 256, concurrency = 10, instances = 10 }
    },
  )
  receive_timeout = ceil(var.v1_deadline_millis / 1000) + 2

  enabled = concat(
    ["receive", "relay"],
    var.product_url != "" ? ["app-info"] : [],
    var.pay_per_use ? ["usage"] : [],
    var.kit ? local.kit_functions : [],
  )
  functions = { for name, function in local.all_functions : name => function if contains(local.enabled, name) }

  everyone  = keys(local.all_functions)
  callbacks = concat(["receive"], local.kit_functions)

  # Each function gets only the secrets that it needs. Empty ones are left out: koohook rejects them.
  # The address of the store contains the password of Redis.
  secrets = {
    KOOHOOK_STORE             = { value = local.store, functions = local.everyone }
    KOOHOOK_SEAL_KEY          = { value = var.seal_key, functions = local.everyone }
    KOOHOOK_SEAL_KEY_PREVIOUS = { value = var.seal_key_previous, functions = local.everyone }
    KOOHOOK_BASE_KEY          = { value = var.base_key, functions = local.base_key_functions }
    KOOHOOK_BASE_KEY_PREVIOUS = { value = var.base_key_previous, functions = local.base_key_functions }
    KOOHOOK_KIT_KEY           = { value = var.kit_key, functions = local.kit_functions }
    KOOHOOK_KIT_KEY_PREVIOUS  = { value = var.kit_key_previous, functions = local.kit_functions }
    KOOHOOK_APP_INFO          = { value = var.app_info, functions = local.app_info_functions }
    KOOHOOK_PRODUCT_SECRET    = { value = var.product_secret, functions = local.product_functions }
    KOOHOOK_OPENAPI_AK        = { value = var.openapi_ak, functions = ["receive", "relay"] }
    KOOHOOK_OPENAPI_SK        = { value = var.openapi_sk, functions = ["receive", "relay"] }
    KOOHOOK_ALARM_URL         = { value = var.alarm_url, functions = ["relay"] }
    KOOHOOK_ALARM_SECRET      = { value = var.alarm_secret, functions = ["relay"] }
  }

  # The relay signs usage with the base key.
  base_key_functions = concat(["receive"], var.pay_per_use ? ["relay"] : [])
  # Without a product the kit functions do not start without the template. With one they do not read it.
  app_info_functions = concat(["receive", "relay"], var.product_url == "" ? local.kit_functions : [])
  # The secret without the address stops a function.
  product_functions = var.product_url == "" ? [] : local.everyone

  plain = {
    KOOHOOK_PRODUCT_URL        = { value = var.product_url, functions = local.everyone }
    KOOHOOK_BASE_PATH          = { value = var.base_path, functions = local.callbacks }
    KOOHOOK_V1_DEADLINE_MILLIS = { value = tostring(var.v1_deadline_millis), functions = ["receive"] }
    KOOHOOK_USAGE_CYCLE        = { value = var.usage_cycle, functions = ["usage", "relay"] }
    KOOHOOK_ALARM_FORMAT       = { value = var.alarm_format, functions = ["relay"] }
    # `koohook keys pack` sealed it: Terraform and its state never see the private key.
    KOOHOOK_RSA_PRIVATE_KEY_FILE = { value = "/opt/function/code/rsa-private-key.sealed", functions = ["application-sync"] }
  }
}

# What FunctionGraph needs to place a function in a subnet, and nothing else. The functions get
# credentials of this agency, too.
resource "huaweicloud_identity_role" "functions" {
  name        = "${var.name}-functions"
  description = "Places koohook's functions in their subnet"
  type        = "XA"
  policy = jsonencode({
    Version = "1.1"
    Statement = [{
      Effect = "Allow"
      Action = ["vpc:ports:create", "vpc:ports:get", "vpc:ports:delete", "vpc:vpcs:get", "vpc:subnets:get"]
    }]
  })
}

resource "huaweicloud_identity_agency" "functions" {
  name                  = "${var.name}-functions"
  delegated_domain_name = "op_svc_cff"

  project_role {
    project = var.region
    roles   = [huaweicloud_identity_role.functions.name]
  }

  lifecycle {
    # The provider reads the service's name into this argument, so every plan would show a change.
    ignore_changes = [delegated_service_name]
  }
}

resource "huaweicloud_fgs_function" "function" {
  for_each = local.functions

  name                  = "${var.name}-${each.key}"
  app                   = "default"
  functiongraph_version = "v2"
  runtime               = each.value.runtime
  # Nothing reads it, but it must contain a dot.
  handler          = "bootstrap.handler"
  memory_size      = each.value.memory
  timeout          = each.value.timeout
  max_instance_num = tostring(each.value.instances)
  concurrency_num  = each.value.runtime == "http" ? each.value.concurrency : null
  agency           = huaweicloud_identity_agency.functions.name
  vpc_id           = huaweicloud_vpc.vpc.id
  network_id       = huaweicloud_vpc_subnet.functions.id
  code_type        = "zip"
  code_filename    = "${each.key}.zip"
  func_code        = filebase64("${var.packages}/${each.key}.zip")
  enable_lts_log   = true
  log_group_id     = huaweicloud_lts_group.koohook.id
  log_group_name   = huaweicloud_lts_group.koohook.group_name
  log_stream_id    = huaweicloud_lts_stream.function[each.key].id
  log_stream_name  = huaweicloud_lts_stream.function[each.key].stream_name

  # At most 4,096 characters, and the console shows them.
  user_data = jsonencode(merge(var.settings, {
    for name, setting in local.plain : name => setting.value
    if setting.value != "" && contains(setting.functions, each.key)
  }))

  # At most 20 entries and 4 KB. FunctionGraph encrypts them; Terraform's state contains them in clear.
  encrypted_user_data = jsonencode({
    for name, secret in local.secrets : name => secret.value
    if secret.value != "" && contains(secret.functions, each.key)
  })

  lifecycle {
    precondition {
      condition     = var.product_url != "" || var.app_info != ""
      error_message = "Set product_url or app_info: without either no buyer gets access data."
    }

    precondition {
      condition     = var.product_url == "" || var.product_secret != ""
      error_message = "Set product_secret with product_url: koohook keys secret product generates one."
    }

    precondition {
      condition     = !var.kit || var.kit_key != ""
      error_message = "Set kit_key, or set kit to false."
    }

    precondition {
      condition     = !var.pay_per_use || (var.product_url != "" && var.outbound)
      error_message = "With pay_per_use set product_url, which reports the usage, and outbound, which sends it."
    }

    precondition {
      condition     = var.openapi_ak == "" || var.outbound
      error_message = "Set outbound to true: the order query calls the marketplace."
    }

    precondition {
      condition     = (var.openapi_ak == "") == (var.openapi_sk == "")
      error_message = "Set both openapi_ak and openapi_sk, or neither."
    }

    precondition {
      condition     = var.alarm_url != "" || (var.alarm_format == "" && var.alarm_secret == "")
      error_message = "Set alarm_url, or remove alarm_format and alarm_secret."
    }

    precondition {
      condition     = var.alarm_secret == "" || contains(["dingtalk", "feishu"], var.alarm_format)
      error_message = "Remove alarm_secret: only with alarm_format dingtalk or feishu the robot checks signatures."
    }

    precondition {
      condition     = var.alarm_url == "" || var.outbound
      error_message = "Set outbound to true: the relay posts to the robot of alarm_url on the internet."
    }
  }
}

# An event function, because HTTP functions have no timers. The relay ignores the content of the event.
resource "huaweicloud_fgs_function_trigger" "relay" {
  function_urn = huaweicloud_fgs_function.function["relay"].urn
  type         = "TIMER"
  status       = var.relay ? "ACTIVE" : "DISABLED"
  event_data = jsonencode({
    name          = "every-minute"
    schedule_type = "Rate"
    schedule      = "1m"
  })
}
