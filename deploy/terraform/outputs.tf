output "overlay" {
  description = "The settings of kubernetes/overlays/gke: terraform output -raw overlay > ../kubernetes/overlays/gke/settings.env"
  value       = <<-E
    # Written by: terraform output -raw overlay
    NAMESPACE=${var.namespace}
    SERVICE_ACCOUNT=${var.service_account}
    GOOGLE_SERVICE_ACCOUNT=${google_service_account.worker.email}
    FRONTIER=cloudsql://${google_sql_database_instance.queue.connection_name}/${google_sql_database.queue.name}?private=1
    STORE=${google_storage_bucket.assets.url}
    DATABASE_CIDR=${google_compute_global_address.database.address}/${google_compute_global_address.database.prefix_length}
    IMAGE=${local.repository}/seine-chromium@sha256:DIGEST
  E
}

locals {
  repository = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images.repository_id}"
}

output "repository" {
  description = "Where images are pushed."
  value       = local.repository
}

output "project" {
  value = var.project_id
}

output "bucket" {
  value = google_storage_bucket.assets.url
}

output "instance" {
  value = google_sql_database_instance.queue.name
}

output "database_user" {
  description = "The worker's name in the database, for grant.sql."
  value       = google_sql_user.worker.name
}

output "database_address" {
  description = "The database's private address, for KEDA's login."
  value       = google_sql_database_instance.queue.private_ip_address
}

output "credentials" {
  description = "The command that lets kubectl in."
  value       = "gcloud container clusters get-credentials ${google_container_cluster.this.name} --zone ${var.zone} --project ${var.project_id} --dns-endpoint"
}

output "egress_addresses" {
  description = "The addresses that sites see, with egress = nat."
  value       = google_compute_address.nat[*].address
}
