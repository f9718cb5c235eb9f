resource "google_container_cluster" "this" {
  name                     = var.name
  location                 = var.zone
  remove_default_node_pool = true
  initial_node_count       = 1
  network                  = google_compute_network.vpc.id
  subnetwork               = google_compute_subnetwork.nodes.id
  networking_mode          = "VPC_NATIVE"
  datapath_provider        = "ADVANCED_DATAPATH" # Dataplane V2: it enforces NetworkPolicy
  deletion_protection      = var.deletion_protection
  enable_shielded_nodes    = true

  default_max_pods_per_node = local.max_pods_a_node

  # The channel upgrades the control plane; it never starts below this version.
  min_master_version = var.kubernetes_version
  release_channel {
    channel = "REGULAR"
  }
  ip_allocation_policy {
    cluster_secondary_range_name  = "pods"
    services_secondary_range_name = "services"
  }
  workload_identity_config {
    workload_pool = local.workload_pool
  }
  # Newer GKE enables the node's DNS cache by default. Set here, every cluster has
  # it, and the NetworkPolicies allow it.
  addons_config {
    dns_cache_config {
      enabled = true
    }
  }
  private_cluster_config {
    enable_private_nodes = !local.public_nodes
  }
  # kubectl comes by the DNS name, where IAM decides; by address only from
  # networks that are named.
  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = true
    }
    ip_endpoints_config {
      enabled = length(var.admin_cidrs) > 0
    }
  }
  dynamic "master_authorized_networks_config" {
    for_each = length(var.admin_cidrs) > 0 ? [1] : []
    content {
      dynamic "cidr_blocks" {
        for_each = var.admin_cidrs
        content {
          display_name = cidr_blocks.key
          cidr_block   = cidr_blocks.value
        }
      }
    }
  }
  master_auth {
    client_certificate_config {
      issue_client_certificate = false
    }
  }
  # The component gke-metric uses GKE's metrics adapter, which requires the
  # performance profile.
  pod_autoscaling {
    hpa_profile = "PERFORMANCE"
  }
  cluster_autoscaling {
    enabled             = false # no pools of its own making
    autoscaling_profile = "OPTIMIZE_UTILIZATION"
  }
  monitoring_config {
    enable_components = ["SYSTEM_COMPONENTS", "HPA", "POD", "DEPLOYMENT"]
    managed_prometheus {
      enabled = true
    }
  }
  logging_config {
    enable_components = ["SYSTEM_COMPONENTS", "WORKLOADS"]
  }
  cost_management_config {
    enabled = true
  }
  maintenance_policy {
    daily_maintenance_window {
      start_time = "05:00"
    }
  }

  # The default pool lives for minutes, and not with the project's default account.
  node_config {
    service_account = google_service_account.node.email
  }
  lifecycle {
    ignore_changes = [node_config]
    # One node for the cluster's own pods, and one per pool during an upgrade.
    precondition {
      condition     = local.most_workers + 4 <= 256
      error_message = "nodes.max, spot_max and sandbox_max must be 252 together at most: the pods' range holds 256 nodes, and four are for upgrades and the cluster's own pods."
    }
  }
  depends_on = [google_project_service.api, google_project_iam_member.node]
}

locals {
  # A node per worker, and one more: kube-dns (260m CPU) does not fit beside a worker
  # (300m) and the system's pods (about 400m) into the 940m of an e2-medium.
  pools = merge(
    { workers = { spot = false, min = var.nodes.min, max = var.nodes.max + 1 } },
    var.spot_max > 0 ? { spot = { spot = true, min = 0, max = var.spot_max } } : {},
  )
}

resource "google_container_node_pool" "pool" {
  for_each           = local.pools
  name               = "${var.name}-${each.key}"
  cluster            = google_container_cluster.this.name
  location           = var.zone
  initial_node_count = each.value.min # no node_count: it would fight the autoscaler
  max_pods_per_node  = local.max_pods_a_node

  autoscaling {
    total_min_node_count = each.value.min
    total_max_node_count = each.value.max
    location_policy      = "ANY"
  }
  management {
    auto_repair  = true
    auto_upgrade = true
  }
  upgrade_settings {
    max_surge       = 1
    max_unavailable = 0
  }
  network_config {
    enable_private_nodes = !local.public_nodes
  }
  node_config {
    machine_type    = var.machine_type
    disk_type       = "pd-standard"
    disk_size_gb    = var.node_disk_gb
    image_type      = "COS_CONTAINERD"
    spot            = each.value.spot
    service_account = google_service_account.node.email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"] # the account's roles decide
    tags            = ["${var.name}-node"]
    metadata        = { disable-legacy-endpoints = "true" }

    # Pods ask for tokens at the cluster's metadata server: they never see the
    # node's own.
    workload_metadata_config {
      mode = "GKE_METADATA"
    }
    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
    # Only pods that say so go to machines that may vanish in half a minute.
    dynamic "taint" {
      for_each = each.value.spot ? [1] : []
      content {
        key    = "cloud.google.com/gke-spot"
        value  = "true"
        effect = "NO_SCHEDULE"
      }
    }
  }
  lifecycle {
    ignore_changes = [initial_node_count]
  }
}
