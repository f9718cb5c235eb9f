# What the variables change.
mock_provider "google" {
  source = "./tests/google"
}

variables {
  project_id = "example-project"
}

run "nat" {
  command = apply
  variables {
    egress        = "nat"
    nat_addresses = 3
  }
  assert {
    condition     = length(google_compute_address.nat) == 3 && length(google_compute_router_nat.nat[0].nat_ips) == 3 && google_compute_router_nat.nat[0].nat_ip_allocate_option == "MANUAL_ONLY"
    error_message = "three reserved addresses"
  }
  assert {
    condition     = google_container_cluster.this.private_cluster_config[0].enable_private_nodes && google_container_node_pool.pool["workers"].network_config[0].enable_private_nodes
    error_message = "nodes have no public address"
  }
}

run "spot" {
  command = apply
  variables {
    spot_max = 2
  }
  assert {
    condition     = google_container_node_pool.pool["spot"].node_config[0].spot && google_container_node_pool.pool["spot"].autoscaling[0].total_min_node_count == 0 && google_container_node_pool.pool["spot"].autoscaling[0].total_max_node_count == 2
    error_message = "a second pool, from none"
  }
  assert {
    condition     = [for t in google_container_node_pool.pool["spot"].node_config[0].taint : "${t.key}:${t.effect}"] == ["cloud.google.com/gke-spot:NO_SCHEDULE"]
    error_message = "only pods that ask for it"
  }
}

run "sandbox" {
  command = apply
  variables {
    sandbox_max  = 3
    node_disk_gb = 40
  }
  assert {
    condition     = strcontains(output.sandbox_pool, "node-pools create seine-sandbox --cluster seine --zone us-east1-b --project example-project --sandbox type=gvisor")
    error_message = "a pool with gVisor in this cluster"
  }
  assert {
    condition     = strcontains(output.sandbox_pool, "--machine-type e2-standard-2 --disk-type pd-standard --disk-size 40 ") && strcontains(output.sandbox_pool, "--total-min-nodes 0 --total-max-nodes 3 ") && strcontains(output.sandbox_pool, "--no-enable-private-nodes")
    error_message = "the gVisor pool has machines that gVisor takes, and three at most"
  }
  assert {
    condition     = strcontains(output.sandbox_pool, "--workload-metadata GKE_METADATA") && strcontains(output.sandbox_pool, "--service-account ${google_service_account.node.email} ") && strcontains(output.sandbox_pool, "--shielded-secure-boot")
    error_message = "nodes with gVisor are locked as the others are"
  }
}

run "larger_database" {
  command = apply
  variables {
    database = { tier = "db-custom-2-7680", high_availability = true }
    nodes    = { max = 64 }
  }
  assert {
    condition     = google_sql_database_instance.queue.settings[0].availability_type == "REGIONAL"
    error_message = "a second machine in another zone"
  }
}

run "enterprise_plus" {
  command = apply
  variables {
    database = { edition = "ENTERPRISE_PLUS", tier = "db-perf-optimized-N-2", log_days = 14 }
  }
}

run "pooled" {
  command = apply
  variables {
    nodes  = { max = 64 }
    pooler = true
  }
}

run "unprotected" {
  command = apply
  variables {
    deletion_protection = false
  }
  assert {
    condition     = !google_sql_database_instance.queue.deletion_protection && !google_sql_database_instance.queue.settings[0].deletion_protection_enabled && !google_container_cluster.this.deletion_protection && google_storage_bucket.assets.force_destroy
    error_message = "a trial can be torn down by one command"
  }
}

run "admins" {
  command = apply
  variables {
    admin_cidrs = { office = "203.0.113.0/24" }
  }
  assert {
    condition     = google_container_cluster.this.control_plane_endpoints_config[0].ip_endpoints_config[0].enabled && [for c in google_container_cluster.this.master_authorized_networks_config[0].cidr_blocks : c.cidr_block] == ["203.0.113.0/24"]
    error_message = "the control plane's address is open to the office alone"
  }
}

run "budget" {
  command = apply
  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", amount = 200 }
  }
  assert {
    condition     = google_billing_budget.month[0].amount[0].specified_amount[0].units == "200" && one(google_billing_budget.month[0].budget_filter[0].projects) == "projects/123456789012"
    error_message = "200 a month for this project"
  }
  assert {
    condition     = [for r in google_billing_budget.month[0].threshold_rules : r.threshold_percent] == [0.5, 0.9, 1, 1]
    error_message = "at half, at nine tenths, at the whole, and when the whole is foreseen"
  }
}

# null is the default, as if the line were not there.
run "nothing_said" {
  command = apply
  variables {
    database     = null
    nodes        = null
    machine_type = null
    namespace    = null
  }
  assert {
    condition     = google_sql_database_instance.queue.settings[0].tier == "db-g1-small" && google_container_node_pool.pool["workers"].autoscaling[0].total_max_node_count == 9
    error_message = "null is the default"
  }
}

# As many workers as the tier has connections for.
run "as_many_as_fit_g1_small" {
  command = apply
  variables {
    database     = { tier = "db-g1-small" }
    nodes        = { max = 18 }
    machine_type = "e2-custom-2-4096"
  }
}

run "as_many_as_fit_f1_micro" {
  command = apply
  variables {
    database = { tier = "db-f1-micro" }
    nodes    = { max = 6 }
  }
}

run "as_many_as_fit_perf_optimized" {
  command = apply
  variables {
    database     = { edition = "ENTERPRISE_PLUS", tier = "db-perf-optimized-N-4" }
    nodes        = { max = 200 }
    machine_type = "n2-highcpu-4"
  }
}
