# The secrets. `koohook init --platform functiongraph` writes them into koohook.auto.tfvars.json, which only
# you can read. An empty one is left out.

variable "base_key" {
  description = "Access key of the base interfaces, from the seller's console (KOOHOOK_BASE_KEY)."
  type        = string
  sensitive   = true
}

variable "base_key_previous" {
  description = "The access key before it, while you change the key; empty otherwise."
  type        = string
  default     = ""
  sensitive   = true
}

variable "kit_key" {
  description = "Access key of the kit, from the seller's console (KOOHOOK_KIT_KEY)."
  type        = string
  default     = ""
  sensitive   = true
}

variable "kit_key_previous" {
  description = "The kit's access key before it, while you change the key; empty otherwise."
  type        = string
  default     = ""
  sensitive   = true
}

variable "seal_key" {
  description = "32 bytes in base64 (KOOHOOK_SEAL_KEY). Without it the stored values are lost: keep a copy elsewhere."
  type        = string
  sensitive   = true
}

variable "seal_key_previous" {
  description = "Earlier seal keys, separated by blanks (KOOHOOK_SEAL_KEY_PREVIOUS); empty if there are none."
  type        = string
  default     = ""
  sensitive   = true
}

variable "app_info" {
  description = "JSON template of the access data (KOOHOOK_APP_INFO). It may contain a password, so it is a secret."
  type        = string
  default     = ""
  sensitive   = true
}

variable "product_secret" {
  description = "Signs the notices to the product, and its calls (KOOHOOK_PRODUCT_SECRET)."
  type        = string
  default     = ""
  sensitive   = true
}

variable "openapi_ak" {
  description = "Access key (AK) of the seller's account, for the order query; empty if koohook shall not query orders."
  type        = string
  default     = ""
  sensitive   = true
}

variable "openapi_sk" {
  description = "The secret key (SK) of openapi_ak."
  type        = string
  default     = ""
  sensitive   = true
}

variable "redis_password" {
  description = "Password of Redis. `koohook init` generates one that DCS accepts."
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[!-~]{8,32}$", var.redis_password))
    error_message = "The password must have 8 to 32 printable characters without blanks."
  }
}

variable "alarm_url" {
  description = "Address of the robot that the relay tells what is wrong (KOOHOOK_ALARM_URL); empty if there is none."
  type        = string
  default     = ""
  sensitive   = true
}

variable "alarm_secret" {
  description = "The secret with which this robot checks signatures (KOOHOOK_ALARM_SECRET)."
  type        = string
  default     = ""
  sensitive   = true
}

variable "dingtalk_url" {
  description = "Webhook address of a DingTalk robot for the platform's alarms; empty if there is none."
  type        = string
  default     = ""
  sensitive   = true
}

variable "dingtalk_secret" {
  description = "The robot's secret for signatures (加签)."
  type        = string
  default     = ""
  sensitive   = true
}

variable "feishu_url" {
  description = "Webhook address of a Feishu robot for the platform's alarms; empty if there is none."
  type        = string
  default     = ""
  sensitive   = true
}

variable "feishu_secret" {
  description = "The robot's secret for signatures (签名校验)."
  type        = string
  default     = ""
  sensitive   = true
}
