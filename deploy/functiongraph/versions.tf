# koohook on Huawei Cloud FunctionGraph. docs/deploy/functiongraph.md says how to use these files.
#
# Terraform's state contains every secret in clear, `encrypted_user_data` included. Keep the state in a
# private, encrypted OBS bucket that only the operators can read: the page shows the `backend` block.
terraform {
  # Earlier versions lack the function `strcontains`.
  required_version = ">= 1.5"

  required_providers {
    huaweicloud = {
      source = "huaweicloud/huaweicloud"
      # tests/terraform checks the arguments of this version.
      version = "1.97.0"
    }
  }
}

# The provider reads the operator's API key from HW_ACCESS_KEY and HW_SECRET_KEY. It never belongs in a file.
provider "huaweicloud" {
  region = var.region
}
