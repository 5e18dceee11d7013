# All functions of an account share at most four subnets in a project. Here they share one.

data "huaweicloud_availability_zones" "all" {}

locals {
  # Redis has its nodes in two zones, and the gateway stands in both.
  zones          = slice(data.huaweicloud_availability_zones.all.names, 0, 2)
  functions_cidr = cidrsubnet(var.vpc_cidr, 8, 1)
  services_cidr  = cidrsubnet(var.vpc_cidr, 8, 2)
}

resource "huaweicloud_vpc" "vpc" {
  name = var.name
  cidr = var.vpc_cidr
}

resource "huaweicloud_vpc_subnet" "functions" {
  name       = "${var.name}-functions"
  vpc_id     = huaweicloud_vpc.vpc.id
  cidr       = local.functions_cidr
  gateway_ip = cidrhost(local.functions_cidr, 1)
}

# Redis and the gateway.
resource "huaweicloud_vpc_subnet" "services" {
  name       = "${var.name}-services"
  vpc_id     = huaweicloud_vpc.vpc.id
  cidr       = local.services_cidr
  gateway_ip = cidrhost(local.services_cidr, 1)
}

# The gateway. The marketplace does not publish its addresses, so every address may call.
resource "huaweicloud_networking_secgroup" "gateway" {
  name = "${var.name}-gateway"
}

resource "huaweicloud_networking_secgroup_rule" "gateway" {
  # 80 only redirects to 443.
  for_each = { http = 80, https = 443 }

  security_group_id = huaweicloud_networking_secgroup.gateway.id
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = each.value
  port_range_max    = each.value
  remote_ip_prefix  = "0.0.0.0/0"
}

# The way to the internet, only if var.outbound says so.

resource "huaweicloud_vpc_eip" "outbound" {
  count = var.outbound ? 1 : 0

  name = "${var.name}-outbound"

  publicip {
    type = "5_bgp"
  }

  bandwidth {
    share_type  = "PER"
    name        = "${var.name}-outbound"
    size        = 5
    charge_mode = "traffic"
  }
}

resource "huaweicloud_nat_gateway" "outbound" {
  count = var.outbound ? 1 : 0

  name      = "${var.name}-outbound"
  spec      = "1"
  vpc_id    = huaweicloud_vpc.vpc.id
  subnet_id = huaweicloud_vpc_subnet.services.id
}

resource "huaweicloud_nat_snat_rule" "outbound" {
  count = var.outbound ? 1 : 0

  nat_gateway_id = huaweicloud_nat_gateway.outbound[0].id
  subnet_id      = huaweicloud_vpc_subnet.functions.id
  floating_ip_id = huaweicloud_vpc_eip.outbound[0].id
}
