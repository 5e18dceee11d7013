# The dedicated gateway (APIG): the address that the marketplace and the product call.

locals {
  # The names that the marketplace appends to the production address. V2 has /v2 before them.
  kit_calls = {
    tenant-sync      = "tenantSync"
    application-sync = "applicationSync"
    auth-sync        = "authSync"
    single-org-sync  = "singleOrgSync"
    all-org-sync     = "allOrgSync"
  }

  # The console calls / when it verifies the domain. V1 calls the production address with GET, V2 with POST:
  # `receive` routes by activity. A policy of the gateway cannot, since V2 has its activity in the body.
  base_routes = {
    root        = { function = "receive", method = "GET", path = "/" }
    root-head   = { function = "receive", method = "HEAD", path = "/" }
    health      = { function = "receive", method = "GET", path = "/healthz" }
    health-head = { function = "receive", method = "HEAD", path = "/healthz" }
    base-v1     = { function = "receive", method = "GET", path = var.base_path }
    base-v2     = { function = "receive", method = "POST", path = var.base_path }
    app-info    = { function = "app-info", method = "PUT", path = "/instances/{instanceId}/app-info" }
    usage       = { function = "usage", method = "POST", path = "/usage" }
    usage-info  = { function = "usage", method = "PUT", path = "/instances/{instanceId}/usage-info" }
  }
  kit_routes_v1 = {
    for name, call in local.kit_calls :
    "${name}-v1" => { function = name, method = "POST", path = "${var.base_path}/produceAPI/${call}" }
  }
  kit_routes_v2 = {
    for name, call in local.kit_calls :
    "${name}-v2" => { function = name, method = "POST", path = "${var.base_path}/produceAPI/v2/${call}" }
  }
  routes = {
    for name, route in merge(local.base_routes, local.kit_routes_v1, local.kit_routes_v2) : name => route
    if contains(keys(local.functions), route.function)
  }
}

resource "huaweicloud_apig_instance" "gateway" {
  name               = var.name
  edition            = var.gateway_edition
  availability_zones = local.zones
  vpc_id             = huaweicloud_vpc.vpc.id
  subnet_id          = huaweicloud_vpc_subnet.services.id
  security_group_id  = huaweicloud_networking_secgroup.gateway.id

  # The public address. Without it only machines of the VPC reach the gateway.
  ingress_bandwidth_size          = 5
  ingress_bandwidth_charging_mode = "bandwidth"
}

resource "huaweicloud_apig_group" "koohook" {
  instance_id = huaweicloud_apig_instance.gateway.id
  name        = var.name
  # The gateway's own sub-domain is for tests, with 1,000 calls a day. Nothing needs it here.
  domain_access_enabled = false

  lifecycle {
    # The domain is a resource of its own.
    ignore_changes = [url_domains]
  }
}

resource "huaweicloud_apig_api" "route" {
  for_each = local.routes

  instance_id = huaweicloud_apig_instance.gateway.id
  group_id    = huaweicloud_apig_group.koohook.id
  name        = "${var.name}-${each.key}"
  type        = "Public"

  # The marketplace and the product sign their calls, and koohook verifies them. They have no credentials
  # of APIG.
  security_authentication = "NONE"
  request_protocol        = "HTTPS"
  request_method          = each.value.method
  request_path            = each.value.path
  matching                = "Exact"

  # The gateway puts the call into a JSON event, and FunctionGraph makes an HTTP request of it again. Base64
  # keeps every byte of the body on this way, and V2 signs the raw bytes. As a JSON text, bytes that are not
  # UTF-8 would change. `false` is only possible with a content type of application/json.
  is_send_fg_body_base64 = true

  dynamic "request_params" {
    for_each = strcontains(each.value.path, "{instanceId}") ? ["instanceId"] : []

    content {
      name     = request_params.value
      location = "PATH"
      required = true
    }
  }

  func_graph {
    function_urn    = huaweicloud_fgs_function.function[each.value.function].urn
    version         = "latest"
    network_type    = "V2"
    invocation_type = "sync"
    # Milliseconds. The function ends first, so that the log has its line.
    timeout = local.functions[each.value.function].timeout * 1000
  }
}

# Every gateway has this environment.
data "huaweicloud_apig_environments" "release" {
  instance_id = huaweicloud_apig_instance.gateway.id
  name        = "RELEASE"
}

resource "huaweicloud_apig_api_publishment" "route" {
  for_each = local.routes

  instance_id = huaweicloud_apig_instance.gateway.id
  env_id      = data.huaweicloud_apig_environments.release.environments[0].id
  api_id      = huaweicloud_apig_api.route[each.key].id
  # A change of an API is not live before it is published. A new description publishes it.
  description = md5(jsonencode([each.value, local.functions[each.value.function].timeout]))
}

# The marketplace calls from few addresses, so a limit for each address would hit it first.
resource "huaweicloud_apig_throttling_policy" "calls" {
  instance_id      = huaweicloud_apig_instance.gateway.id
  name             = replace("${var.name}_calls", "-", "_")
  type             = "API-based"
  period           = 1
  period_unit      = "SECOND"
  max_api_requests = var.requests_per_second
}

resource "huaweicloud_apig_throttling_policy_associate" "calls" {
  instance_id = huaweicloud_apig_instance.gateway.id
  policy_id   = huaweicloud_apig_throttling_policy.calls.id
  publish_ids = [for publishment in huaweicloud_apig_api_publishment.route : publishment.publish_id]
}

resource "huaweicloud_apig_group_domain_associate" "domain" {
  instance_id     = huaweicloud_apig_instance.gateway.id
  group_id        = huaweicloud_apig_group.koohook.id
  url_domain      = var.domain
  min_ssl_version = "TLSv1.2"
  # 80 only redirects: the console may call it when it verifies the domain.
  ingress_http_port         = 80
  ingress_https_port        = 443
  is_http_redirect_to_https = true
}

resource "huaweicloud_apig_certificate" "domain" {
  name        = replace("${var.name}_domain", "-", "_")
  type        = "instance"
  instance_id = huaweicloud_apig_instance.gateway.id
  content     = file(var.certificate_file)
  private_key = file(var.certificate_key_file)
}

resource "huaweicloud_apig_certificate_batch_domains_associate" "domain" {
  instance_id    = huaweicloud_apig_instance.gateway.id
  certificate_id = huaweicloud_apig_certificate.domain.id
  # Callers show no certificates.
  verify_disabled_domain_names = [huaweicloud_apig_group_domain_associate.domain.url_domain]
}
