# The root has one provider, no remote module and no backend block, so it is tested
# without a registry. Keep the state in a bucket with -backend-config or in a file
# backend.tf, which git ignores. `make check-deploy` proves this provider version;
# .terraform.lock.hcl holds the checksums of its archives.
terraform {
  required_version = ">= 1.9"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50.0"
    }
  }
}

provider "google" {
  project = var.project_id
  region  = var.region
  # The budget's API wants a project to count the call on.
  user_project_override = true
  billing_project       = var.project_id
  default_labels = {
    app        = var.name
    managed-by = "terraform"
  }
}
