# One provider, no remote module, no backend block: so the whole root is tested
# without a registry. Keep the state in a bucket with -backend-config or a file
# of your own, backend.tf, which git ignores.
terraform {
  required_version = ">= 1.9"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 8.0"
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
