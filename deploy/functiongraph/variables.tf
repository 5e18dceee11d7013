# What is no secret. Write it into terraform.tfvars; terraform.tfvars.example is a start. A variable that is also
# in koohook.auto.tfvars.json has the value of that file: Terraform reads it last.

# Where

variable "region" {
  description = "Region of Huawei Cloud."
  type        = string
  default     = "cn-north-4"
}

variable "name" {
  description = "What the name of every resource begins with."
  type        = string
  default     = "koohook"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,19}$", var.name))
    error_message = "The name must have 3 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "packages" {
  description = "Folder with the packages that `koohook package --target functiongraph` made."
  type        = string
  default     = "../../dist/functiongraph"
}

variable "vpc_cidr" {
  description = "Address range of the VPC. It must not overlap with a network that you connect later."
  type        = string
  default     = "192.168.0.0/16"
}

variable "outbound" {
  description = <<-EOT
    Whether the functions reach the internet. A function in a VPC does not, without a NAT gateway with an
    EIP. They need it if the product is outside of this VPC, for the order query (openapi_ak), to send usage
    (pay_per_use), and for the robot of alarm_url. Both are billed by the hour, so the default is false.
  EOT
  type        = bool
  default     = false
}

# The address

variable "domain" {
  description = "Domain of the production address, for example seller.example.com."
  type        = string
}

variable "certificate_file" {
  description = "PEM file of the domain's certificate, with its chain, from a public authority."
  type        = string
}

variable "certificate_key_file" {
  description = "PEM file of the certificate's private key."
  type        = string
}

variable "base_path" {
  description = "Path of the production address (KOOHOOK_BASE_PATH)."
  type        = string
  default     = "/saasproduce"

  validation {
    condition     = can(regex("^(/[A-Za-z0-9._~-]+)+$", var.base_path))
    error_message = "The path must begin with / and must not end with /."
  }

  validation {
    condition     = !can(regex("^/(healthz|readyz|metrics|relay|usage|instances(/.*)?)$", var.base_path))
    error_message = "The path must not be one that koohook uses itself: /healthz, /readyz, /metrics, /relay, /usage, or /instances with everything below."
  }

  validation {
    condition     = !can(regex("/[.]{1,2}(/|$)", var.base_path))
    error_message = "The path must have no part . or .. in it."
  }
}

variable "gateway_edition" {
  description = "Edition of the dedicated gateway (APIG). It determines the price and the calls a second."
  type        = string
  default     = "BASIC"
}

variable "requests_per_second" {
  description = "Calls a second that the gateway accepts for each API, from 1 to 200. It rejects more with 429."
  type        = number
  default     = 50
}

# What is served

variable "kit" {
  description = "Whether the joint-operations kit is served. It needs kit_key, and rsa-private-key.sealed in a package."
  type        = bool
  default     = false
}

variable "pay_per_use" {
  description = "Whether a listing is pay-per-use: adds the function usage, and the relay sends usage."
  type        = bool
  default     = false
}

variable "relay" {
  description = "Whether the timer starts the relay. Set false for a moment: for an update, or to move the store."
  type        = bool
  default     = true
}

variable "usage_cycle" {
  description = "How often the marketplace bills pay-per-use listings (KOOHOOK_USAGE_CYCLE): hourly or daily."
  type        = string
  default     = "hourly"
}

variable "product_url" {
  description = "Address of the product that receives the notices (KOOHOOK_PRODUCT_URL); empty if there is no product."
  type        = string
  default     = ""
}

variable "v1_deadline_millis" {
  description = "Time for the answer to a V1 newInstance (KOOHOOK_V1_DEADLINE_MILLIS). The timeouts follow it."
  type        = number
  default     = 4000

  validation {
    condition     = var.v1_deadline_millis >= 1000 && var.v1_deadline_millis <= 15000
    error_message = "The deadline must be from 1000 to 15000."
  }
}

variable "settings" {
  description = "Further settings of every function, for example { KOOHOOK_ENCRYPT_TYPE = \"2\" }. No secrets."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.settings) : can(regex("^KOOHOOK_[A-Z0-9_]+$", name))])
    error_message = "The names must be settings of koohook."
  }

  validation {
    condition = !anytrue([
      for name in keys(var.settings) :
      can(regex("(_KEY|_KEY_PREVIOUS|_SECRET|_AK|_SK|_STORE|_APP_INFO|_ALARM_URL)$", name))
    ])
    error_message = "Secrets have variables of their own: plain settings are shown in the console."
  }
}

# The store

variable "redis_version" {
  description = "Version of DCS Redis. 6.0 and 7.0 have TLS, earlier ones do not."
  type        = string
  default     = "6.0"
}

variable "redis_capacity" {
  description = "Memory of Redis in GB: 0.125, 0.25, 0.5, 1, 2, 4 and so on. An instance has a few KiB."
  type        = number
  default     = 1
}

variable "redis_tls" {
  description = <<-EOT
    Whether Redis is called over TLS. Each package then contains redis-ca.pem, the authority of DCS. If you
    set false, the password crosses the VPC in clear. koohook seals the values itself.
  EOT
  type        = bool
  default     = true
}

variable "redis_wait" {
  description = <<-EOT
    Whether koohook waits until the standby has a change: no change is then lost in a failover (grade A+).
    While the standby is down, koohook answers 000005. If you set false, the grade is B.
  EOT
  type        = bool
  default     = true
}

# Who is told

variable "log_days" {
  description = "Days that the log is kept. The calls of renewals are found only there."
  type        = number
  default     = 90
}

variable "alarm_user" {
  description = "Name of the IAM user in whose name LTS sends alarms."
  type        = string
}

variable "alarm_format" {
  description = "Kind of the robot of alarm_url (KOOHOOK_ALARM_FORMAT); empty if there is none, or for json."
  type        = string
  default     = ""

  validation {
    condition     = contains(["", "json", "dingtalk", "wecom", "feishu", "slack"], var.alarm_format)
    error_message = "The format must be json, dingtalk, wecom, feishu or slack."
  }
}

variable "alarm_emails" {
  description = "Mail addresses that receive alarms. Each must confirm the subscription once."
  type        = list(string)
}
