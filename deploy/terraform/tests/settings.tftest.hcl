# An assert for each setting that security, money or a start depends on. Nothing
# here asks a cloud: `make check-deploy` runs it against the provider's schema. All
# in one run: a run takes half a second, an assert nothing.
mock_provider "google" {
  source = "./tests/google"
}

variables {
  project_id = "example-project"
}

run "settings" {
  command = apply

  # network
  assert {
    condition     = google_compute_network.vpc.auto_create_subnetworks == false
    error_message = "the network has only the subnetwork that is written here"
  }
  assert {
    condition = (google_compute_subnetwork.nodes.ip_cidr_range == "10.0.0.0/20" &&
      [for r in google_compute_subnetwork.nodes.secondary_ip_range : r.ip_cidr_range] == ["10.0.64.0/18", "10.0.16.0/20"] &&
    "${google_compute_global_address.database.address}/${google_compute_global_address.database.prefix_length}" == "10.0.32.0/20")
    error_message = "nodes, pods, services and the database's range share 10.0.0.0/16 and do not overlap"
  }
  assert {
    condition     = google_compute_global_address.database.purpose == "VPC_PEERING" && google_service_networking_connection.database.service == "servicenetworking.googleapis.com"
    error_message = "the database is reached by private services access"
  }
  assert {
    condition     = google_compute_subnetwork.nodes.private_ip_google_access
    error_message = "nodes reach Google's APIs by private addresses"
  }
  assert {
    condition     = length(google_compute_router_nat.nat) == 0 && length(google_compute_address.nat) == 0
    error_message = "node_ip needs no NAT"
  }
  assert {
    condition     = alltrue([for s in google_project_service.api : s.disable_on_destroy == false])
    error_message = "tearing down must not turn APIs off that others in the project use"
  }

  # database
  assert {
    condition     = google_sql_database_instance.queue.database_version == "POSTGRES_17"
    error_message = "PostgreSQL 17"
  }
  assert {
    condition     = google_sql_database_instance.queue.settings[0].edition == "ENTERPRISE" && google_sql_database_instance.queue.settings[0].tier == "db-g1-small"
    error_message = "the edition is written: PostgreSQL 17 without one takes ENTERPRISE_PLUS, which refuses db-g1-small"
  }
  assert {
    condition     = google_sql_database_instance.queue.settings[0].ip_configuration[0].ipv4_enabled == false
    error_message = "the database has no public address"
  }
  assert {
    condition     = google_sql_database_instance.queue.settings[0].ip_configuration[0].ssl_mode == "ENCRYPTED_ONLY"
    error_message = "no connection in the clear"
  }
  assert {
    condition     = google_sql_database_instance.queue.settings[0].backup_configuration[0].enabled && google_sql_database_instance.queue.settings[0].backup_configuration[0].point_in_time_recovery_enabled
    error_message = "backups, and recovery to a point in time"
  }
  assert {
    condition     = google_sql_database_instance.queue.settings[0].backup_configuration[0].transaction_log_retention_days == 7 && google_sql_database_instance.queue.settings[0].backup_configuration[0].backup_retention_settings[0].retained_backups == 7
    error_message = "a week of backups and logs"
  }
  assert {
    condition     = contains([for f in google_sql_database_instance.queue.settings[0].database_flags : "${f.name}=${f.value}"], "cloudsql.iam_authentication=on")
    error_message = "login by IAM"
  }
  assert {
    condition     = google_sql_user.worker.type == "CLOUD_IAM_SERVICE_ACCOUNT" && google_sql_user.worker.name == "seine-worker@example-project.iam"
    error_message = "the worker logs in as its service account, by the name that PostgreSQL knows"
  }
  assert {
    condition     = google_sql_user.worker.password == null
    error_message = "no password in the state"
  }
  assert {
    condition     = google_sql_user.worker.deletion_policy == "ABANDON"
    error_message = "the login goes with the database: it owns the schema and could not be dropped"
  }
  assert {
    condition     = google_sql_database_instance.queue.deletion_protection && google_sql_database_instance.queue.settings[0].deletion_protection_enabled
    error_message = "the database is protected from deletion, by Terraform and by the API"
  }

  # storage
  assert {
    condition     = google_storage_bucket.assets.public_access_prevention == "enforced"
    error_message = "the bucket can't be made public"
  }
  assert {
    condition     = google_storage_bucket.assets.uniform_bucket_level_access
    error_message = "no access lists on objects"
  }
  assert {
    condition     = google_storage_bucket.assets.soft_delete_policy[0].retention_duration_seconds == 604800
    error_message = "what was deleted can be had back for a week"
  }
  assert {
    condition     = length([for r in google_storage_bucket.assets.lifecycle_rule : r if one(r.action).type == "AbortIncompleteMultipartUpload"]) == 1
    error_message = "uploads that were cut off are removed"
  }
  assert {
    condition     = length([for r in google_storage_bucket.assets.lifecycle_rule : r if one(r.action).type == "Delete"]) == 0
    error_message = "no rule deletes assets: the frontier owes them"
  }
  assert {
    condition     = google_storage_bucket.assets.force_destroy == false
    error_message = "a bucket that is not empty is not destroyed"
  }
  assert {
    condition     = one(google_artifact_registry_repository.images.docker_config).immutable_tags
    error_message = "a tag always names the same image"
  }
  assert {
    condition     = sort([for p in google_artifact_registry_repository.images.cleanup_policies : p.action]) == tolist(["DELETE", "KEEP"])
    error_message = "old images go, the last ones stay"
  }

  # identity
  assert {
    condition     = google_service_account_iam_member.worker.member == "serviceAccount:example-project.svc.id.goog[seine/worker]" && google_service_account_iam_member.worker.role == "roles/iam.workloadIdentityUser"
    error_message = "the manifests' service account, and no other, may act as the worker"
  }
  assert {
    condition     = google_storage_bucket_iam_member.worker.role == "roles/storage.objectUser" && google_storage_bucket_iam_member.worker.bucket == "example-project-seine-assets"
    error_message = "the worker reads and writes objects of this bucket, and does not administer it"
  }
  assert {
    condition     = sort([for m in google_project_iam_member.worker_sql : m.role]) == tolist(["roles/cloudsql.client", "roles/cloudsql.instanceUser"])
    error_message = "the worker may connect and log in, no more"
  }
  assert {
    condition     = alltrue([for m in google_project_iam_member.worker_sql : strcontains(one(m.condition).expression, "resource.name == \"projects/example-project/instances/seine-pg\"")])
    error_message = "of the project's instances the worker may use this one"
  }
  assert {
    condition     = google_project_iam_member.node.role == "roles/container.defaultNodeServiceAccount"
    error_message = "nodes write logs and metrics, no more"
  }
  assert {
    condition     = google_artifact_registry_repository_iam_member.node.role == "roles/artifactregistry.reader"
    error_message = "nodes pull images"
  }
  assert {
    condition     = google_storage_bucket_iam_member.database.role == "roles/storage.objectViewer" && google_storage_bucket_iam_member.database.bucket == "example-project-seine-admin"
    error_message = "the database reads the bucket of SQL files, not the assets"
  }
  assert {
    condition     = google_storage_bucket.admin.name == "example-project-seine-admin" && google_storage_bucket_iam_member.worker.bucket != google_storage_bucket.admin.name
    error_message = "workers cannot write the SQL that the database runs as its administrator"
  }
  assert {
    condition     = google_storage_bucket.admin.soft_delete_policy[0].retention_duration_seconds == 0 && [for r in google_storage_bucket.admin.lifecycle_rule : "${one(r.action).type}:${one(r.condition).age}"] == ["Delete:1"]
    error_message = "a deleted file of SQL is gone, and a forgotten one goes after a day"
  }
  assert {
    condition     = google_storage_bucket.admin.public_access_prevention == "enforced" && google_storage_bucket.admin.uniform_bucket_level_access
    error_message = "the bucket of SQL files can't be made public"
  }

  # cluster
  assert {
    condition     = google_container_cluster.this.workload_identity_config[0].workload_pool == "example-project.svc.id.goog"
    error_message = "Workload Identity"
  }
  assert {
    condition     = google_container_cluster.this.datapath_provider == "ADVANCED_DATAPATH"
    error_message = "Dataplane V2: without it NetworkPolicies are words"
  }
  assert {
    condition     = google_container_cluster.this.addons_config[0].dns_cache_config[0].enabled
    error_message = "the node's DNS cache, which the NetworkPolicies allow"
  }
  assert {
    condition     = google_container_cluster.this.min_master_version == "1.35"
    error_message = "the lowest version of the control plane is written"
  }
  assert {
    condition     = output.sandbox_pool == ""
    error_message = "no gVisor pool, unless it is asked for"
  }
  assert {
    condition     = google_container_cluster.this.release_channel[0].channel == "REGULAR"
    error_message = "a release channel keeps the cluster patched"
  }
  assert {
    condition     = google_container_cluster.this.networking_mode == "VPC_NATIVE" && google_container_cluster.this.ip_allocation_policy[0].cluster_secondary_range_name == "pods"
    error_message = "pods have addresses of the network"
  }
  assert {
    condition     = google_container_cluster.this.location == "us-east1-b"
    error_message = "zonal"
  }
  assert {
    condition     = google_container_cluster.this.remove_default_node_pool
    error_message = "no pool but ours"
  }
  assert {
    condition     = google_container_cluster.this.control_plane_endpoints_config[0].ip_endpoints_config[0].enabled == false && length(google_container_cluster.this.master_authorized_networks_config) == 0
    error_message = "without admin_cidrs the control plane has no open address"
  }
  assert {
    condition     = google_container_cluster.this.master_auth[0].client_certificate_config[0].issue_client_certificate == false
    error_message = "no client certificates: IAM decides"
  }
  assert {
    condition     = google_container_cluster.this.monitoring_config[0].managed_prometheus[0].enabled && google_container_cluster.this.pod_autoscaling[0].hpa_profile == "PERFORMANCE"
    error_message = "the autoscaler reads the queue by managed Prometheus"
  }
  assert {
    condition     = google_container_cluster.this.deletion_protection && google_container_cluster.this.enable_shielded_nodes
    error_message = "protected from deletion, shielded nodes"
  }

  # nodes
  assert {
    condition     = keys(google_container_node_pool.pool) == ["workers"]
    error_message = "one pool, unless spot machines are asked for"
  }
  assert {
    condition     = google_container_node_pool.pool["workers"].autoscaling[0].total_min_node_count == 1 && google_container_node_pool.pool["workers"].autoscaling[0].total_max_node_count == 9
    error_message = "1 to 9 nodes: eight with a worker, and one for the cluster's own pods"
  }
  assert {
    condition     = google_container_node_pool.pool["workers"].initial_node_count == 1
    error_message = "the autoscaler moves the number of nodes: only the first is written"
  }
  assert {
    condition     = google_container_node_pool.pool["workers"].management[0].auto_repair && google_container_node_pool.pool["workers"].management[0].auto_upgrade
    error_message = "nodes are repaired and upgraded"
  }
  assert {
    condition     = google_container_node_pool.pool["workers"].node_config[0].machine_type == "e2-medium" && google_container_node_pool.pool["workers"].node_config[0].disk_size_gb == 30
    error_message = "e2-medium with 30 GB"
  }
  assert {
    condition     = google_container_node_pool.pool["workers"].node_config[0].workload_metadata_config[0].mode == "GKE_METADATA"
    error_message = "pods must not see the node's own credentials"
  }
  assert {
    condition     = google_container_node_pool.pool["workers"].node_config[0].service_account == google_service_account.node.email
    error_message = "nodes run as their own account, not as the project's default one"
  }
  assert {
    condition     = google_container_node_pool.pool["workers"].node_config[0].shielded_instance_config[0].enable_secure_boot && google_container_node_pool.pool["workers"].node_config[0].metadata["disable-legacy-endpoints"] == "true"
    error_message = "secure boot, no legacy metadata"
  }
  assert {
    condition     = google_container_node_pool.pool["workers"].network_config[0].enable_private_nodes == false && google_container_node_pool.pool["workers"].node_config[0].spot == false
    error_message = "node_ip: each node has a public address; not a spot machine"
  }
  assert {
    condition     = google_container_node_pool.pool["workers"].max_pods_per_node == 32
    error_message = "32 pods a node: 256 nodes fit the pods' range"
  }

  # overlay
  assert {
    condition     = output.overlay == <<-E
      # Written by: terraform output -raw overlay
      NAMESPACE=seine
      SERVICE_ACCOUNT=worker
      GOOGLE_SERVICE_ACCOUNT=seine-worker@example-project.iam.gserviceaccount.com
      FRONTIER=cloudsql://example-project:us-east1:seine-pg/seine?private=1
      STORE=gs://example-project-seine-assets
      DATABASE_CIDR=10.0.32.0/20
      IMAGE=us-east1-docker.pkg.dev/example-project/seine/seine-chromium@sha256:DIGEST
    E
    error_message = "the overlay's settings are these resources' names"
  }
}
