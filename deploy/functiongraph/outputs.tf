output "address" {
  description = "The production address for the seller's console."
  value       = "https://${var.domain}${var.base_path}"
}

output "gateway_address" {
  description = "The public IP address of the gateway: the A record of the domain."
  value       = huaweicloud_apig_instance.gateway.ingress_address
}

output "redis_address" {
  description = "Where Redis is in the VPC, for the commands of an operator."
  value       = local.redis_address
}

output "outbound_address" {
  description = "The IP address from which the functions call the product; empty without outbound."
  value       = var.outbound ? huaweicloud_vpc_eip.outbound[0].address : ""
}

output "functions" {
  description = "The functions, and their names in the console."
  value       = { for name, function in huaweicloud_fgs_function.function : name => function.name }
}
