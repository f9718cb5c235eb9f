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

output "admin_bucket" {
  description = "Where the administrator's SQL is put before `gcloud sql import sql`. Workers cannot write there."
  value       = google_storage_bucket.admin.url
}

# The proved provider (google 6.50) has no sandbox_config, which came in 7.30.
output "sandbox_pool" {
  description = "With sandbox_max: the command that makes the pool of gVisor nodes, for the component gvisor."
  value = var.sandbox_max == 0 ? "" : join(" ", [
    "gcloud container node-pools create ${var.name}-sandbox --cluster ${google_container_cluster.this.name} --zone ${var.zone} --project ${var.project_id}",
    # gVisor takes no shared-core machine.
    "--sandbox type=gvisor --image-type cos_containerd --machine-type ${var.machine_type == "e2-medium" ? "e2-standard-2" : var.machine_type}",
    "--disk-type pd-standard --disk-size ${var.node_disk_gb} --num-nodes 1 --enable-autoscaling --total-min-nodes 0 --total-max-nodes ${var.sandbox_max} --location-policy ANY",
    "--max-pods-per-node ${local.max_pods_a_node} --service-account ${google_service_account.node.email} --scopes cloud-platform --tags ${var.name}-node",
    "--workload-metadata GKE_METADATA --metadata disable-legacy-endpoints=true --shielded-secure-boot --shielded-integrity-monitoring",
    "--enable-autorepair --enable-autoupgrade --max-surge-upgrade 1 --max-unavailable-upgrade 0 ${local.public_nodes ? "--no-enable-private-nodes" : "--enable-private-nodes"}",
  ])
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
