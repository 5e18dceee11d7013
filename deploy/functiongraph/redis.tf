# The store: DCS Redis, a master and a standby in two zones. docs/stores.md explains the grades.

data "huaweicloud_dcs_flavors" "store" {
  engine           = "Redis"
  engine_version   = var.redis_version
  cache_mode       = "ha"
  capacity         = var.redis_capacity
  cpu_architecture = "x86_64"
}

resource "huaweicloud_dcs_instance" "store" {
  name               = "${var.name}-store"
  engine             = "Redis"
  engine_version     = var.redis_version
  capacity           = var.redis_capacity
  flavor             = data.huaweicloud_dcs_flavors.store.flavors[0].name
  availability_zones = local.zones
  vpc_id             = huaweicloud_vpc.vpc.id
  subnet_id          = huaweicloud_vpc_subnet.services.id
  password           = var.redis_password
  ssl_enable         = var.redis_tls

  # Redis from 4.0 has no security group: this list takes its place. Only the functions reach Redis, and
  # no other machine of the VPC.
  whitelist_enable = true

  whitelists {
    group_name = "functions"
    ip_address = [local.functions_cidr]
  }

  # The ids are those of the DCS API. Values that are evicted are lost: with an eviction of all keys koohook
  # does not start.
  parameters {
    id    = "2"
    name  = "maxmemory-policy"
    value = "noeviction"
  }

  # DCS writes the append-only file without fsync if this is not set. koohook then has grade B.
  parameters {
    id    = "16"
    name  = "appendfsync"
    value = "always"
  }

  # A restore of such a backup repeats sequences: read "Restore an older state" in docs/stores.md first.
  # `koohook store backup` has no such limit.
  backup_policy {
    backup_type = "auto"
    period_type = "weekly"
    backup_at   = [1, 2, 3, 4, 5, 6, 7]
    begin_at    = "02:00-03:00"
    save_days   = 7
  }
}

locals {
  redis_address = "${huaweicloud_dcs_instance.store.private_ip}:${huaweicloud_dcs_instance.store.port}"
  redis_options = concat(
    # The authority of DCS is not public, and koohook trusts no server without one.
    var.redis_tls ? ["ca=/opt/function/code/redis-ca.pem"] : [],
    var.redis_wait ? ["wait=1"] : [],
  )
  redis_query = length(local.redis_options) == 0 ? "" : "?${join("&", local.redis_options)}"
  redis_login = "${var.redis_tls ? "rediss" : "redis"}://:${urlencode(var.redis_password)}"
  store       = "${local.redis_login}@${local.redis_address}${local.redis_query}"
}
