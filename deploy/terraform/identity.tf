# Two identities: the nodes' pulls images and writes logs; the workers' writes
# to one bucket and logs in to one database. Neither has a key.
resource "google_service_account" "node" {
  account_id   = "${var.name}-node"
  display_name = "Nodes: pull images, write logs and metrics"
  depends_on   = [google_project_service.api]
}

resource "google_project_iam_member" "node" {
  project = var.project_id
  role    = "roles/container.defaultNodeServiceAccount"
  member  = google_service_account.node.member
}

resource "google_artifact_registry_repository_iam_member" "node" {
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.node.member
}

resource "google_service_account" "worker" {
  account_id   = "${var.name}-worker"
  display_name = "Workers: one bucket, one database"
  depends_on   = [google_project_service.api]
}

resource "google_service_account_iam_member" "worker" {
  service_account_id = google_service_account.worker.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${local.workload_pool}[${var.namespace}/${var.service_account}]"
  depends_on         = [google_container_cluster.this] # the pool comes with the project's first cluster
}

resource "google_storage_bucket_iam_member" "worker" {
  bucket = google_storage_bucket.assets.name
  role   = "roles/storage.objectUser"
  member = google_service_account.worker.member
}

# These roles can be given for a project only; the condition narrows them to
# the one instance.
resource "google_project_iam_member" "worker_sql" {
  for_each = local.worker_sql_roles
  project  = var.project_id
  role     = each.key
  member   = google_service_account.worker.member

  condition {
    title      = "the queue's instance"
    expression = "resource.name == \"projects/${var.project_id}/instances/${google_sql_database_instance.queue.name}\" && resource.service == \"sqladmin.googleapis.com\""
  }
}

# The database imports the administrator's SQL from a bucket of its own. Workers
# have no role there: whoever can write these files is the database's administrator.
resource "google_storage_bucket_iam_member" "database" {
  bucket = google_storage_bucket.admin.name
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:${google_sql_database_instance.queue.service_account_email_address}"
}
