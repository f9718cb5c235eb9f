resource "google_compute_network" "vpc" {
  name                    = "${var.name}-vpc"
  auto_create_subnetworks = false
  depends_on              = [google_project_service.api]
}

resource "google_compute_subnetwork" "nodes" {
  name                     = "${var.name}-nodes"
  region                   = var.region
  network                  = google_compute_network.vpc.id
  ip_cidr_range            = local.nodes_cidr
  private_ip_google_access = true

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = local.pods_cidr
  }
  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = local.services_cidr
  }
}

# Private services access: the database's addresses come from this range, which
# the workers' NetworkPolicy opens by number.
resource "google_compute_global_address" "database" {
  name          = "${var.name}-database"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  address       = cidrhost(local.database_cidr, 0)
  prefix_length = tonumber(split("/", local.database_cidr)[1])
  network       = google_compute_network.vpc.id
}

resource "google_service_networking_connection" "database" {
  network                 = google_compute_network.vpc.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.database.name]
  # Otherwise the peering outlives the instance by hours and the network can't go.
  deletion_policy = "ABANDON"
}

resource "google_compute_router" "nat" {
  count   = local.public_nodes ? 0 : 1
  name    = "${var.name}-router"
  region  = var.region
  network = google_compute_network.vpc.id
}

resource "google_compute_address" "nat" {
  count  = local.public_nodes ? 0 : var.nat_addresses
  name   = "${var.name}-nat-${count.index}"
  region = var.region
}

resource "google_compute_router_nat" "nat" {
  count                               = local.public_nodes ? 0 : 1
  name                                = "${var.name}-nat"
  router                              = google_compute_router.nat[0].name
  region                              = var.region
  nat_ip_allocate_option              = "MANUAL_ONLY"
  nat_ips                             = google_compute_address.nat[*].self_link
  source_subnetwork_ip_ranges_to_nat  = "ALL_SUBNETWORKS_ALL_IP_RANGES"
  enable_dynamic_port_allocation      = true # a browser opens dozens of connections a page
  enable_endpoint_independent_mapping = false
  min_ports_per_vm                    = 128
  max_ports_per_vm                    = 4096

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}
