# Bad values end at the plan, before anything is made, with a sentence that says
# what to write: the Go test beside this checks the sentences.
mock_provider "google" {
  source = "./tests/google"
}

variables {
  project_id = "example-project"
}

run "project_of_another_form" {
  command = plan
  variables {
    project_id = "Example_Project"
  }
  expect_failures = [var.project_id]
}

run "name_too_long" {
  command = plan
  variables {
    name = "a-name-of-twenty-one-x"
  }
  expect_failures = [var.name]
}

run "region_of_another_form" {
  command = plan
  variables {
    region = "USA"
    zone   = "USA-b"
  }
  expect_failures = [var.region]
}

run "zone_outside_region" {
  command = plan
  variables {
    zone = "europe-west1-b"
  }
  expect_failures = [var.zone]
}

run "network_too_small" {
  command = plan
  variables {
    vpc_cidr = "10.0.0.0/20"
  }
  expect_failures = [var.vpc_cidr]
}

run "network_not_private" {
  command = plan
  variables {
    vpc_cidr = "8.8.0.0/16"
  }
  expect_failures = [var.vpc_cidr]
}

run "egress_unknown" {
  command = plan
  variables {
    egress = "proxy"
  }
  expect_failures = [var.egress]
}

run "no_nat_address" {
  command = plan
  variables {
    egress        = "nat"
    nat_addresses = 0
  }
  expect_failures = [var.nat_addresses]
}

run "nodes_reversed" {
  command = plan
  variables {
    nodes = { min = 4, max = 2 }
  }
  expect_failures = [var.nodes]
}

run "spot_too_many" {
  command = plan
  variables {
    spot_max = 51
  }
  expect_failures = [var.spot_max]
}

run "machine_too_small" {
  command = plan
  variables {
    machine_type = "e2-micro"
  }
  expect_failures = [var.machine_type]
}

run "too_many_sandboxed_workers" {
  command = plan
  variables {
    nodes       = { max = 8 }
    sandbox_max = 11
  }
  expect_failures = [google_sql_database_instance.queue]
}

run "more_nodes_than_the_pods_range_holds" {
  command = plan
  variables {
    database    = { tier = "db-custom-16-61440" }
    nodes       = { max = 200 }
    spot_max    = 50
    sandbox_max = 3
  }
  expect_failures = [google_container_cluster.this]
}

run "sandbox_by_halves" {
  command = plan
  variables {
    sandbox_max = 1.5
  }
  expect_failures = [var.sandbox_max]
}

run "kubernetes_too_old" {
  command = plan
  variables {
    kubernetes_version = "1.32"
  }
  expect_failures = [var.kubernetes_version]
}

run "kubernetes_latest" {
  command = plan
  variables {
    kubernetes_version = "latest"
  }
  expect_failures = [var.kubernetes_version]
}

run "disk_too_small" {
  command = plan
  variables {
    node_disk_gb = 10
  }
  expect_failures = [var.node_disk_gb]
}

run "edition_unknown" {
  command = plan
  variables {
    database = { edition = "BASIC" }
  }
  expect_failures = [var.database]
}

run "tier_of_the_other_edition" {
  command = plan
  variables {
    database = { tier = "db-perf-optimized-N-2" }
  }
  expect_failures = [var.database]
}

run "edition_of_the_other_tier" {
  command = plan
  variables {
    database = { edition = "ENTERPRISE_PLUS" }
  }
  expect_failures = [var.database]
}

run "tier_with_three_cpus" {
  command = plan
  variables {
    database = { tier = "db-custom-3-7680" }
  }
  expect_failures = [var.database]
}

run "tier_with_too_little_memory" {
  command = plan
  variables {
    database = { tier = "db-custom-4-3584" }
  }
  expect_failures = [var.database]
}

run "logs_too_long" {
  command = plan
  variables {
    database = { log_days = 8 }
  }
  expect_failures = [var.database]
}

run "too_many_workers_for_the_tier" {
  command = plan
  variables {
    nodes = { max = 19 }
  }
  expect_failures = [google_sql_database_instance.queue]
}

run "control_plane_open_to_all" {
  command = plan
  variables {
    admin_cidrs = { all = "0.0.0.0/0" }
  }
  expect_failures = [var.admin_cidrs]
}

run "namespace_too_long" {
  command = plan
  variables {
    namespace = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
  }
  expect_failures = [var.namespace]
}

run "namespace_of_the_system" {
  command = plan
  variables {
    namespace = "kube-system"
  }
  expect_failures = [var.namespace]
}

run "default_service_account" {
  command = plan
  variables {
    service_account = "default"
  }
  expect_failures = [var.service_account]
}

run "billing_account_of_another_form" {
  command = plan
  variables {
    budget = { billing_account = "mine", amount = 5 }
  }
  expect_failures = [var.budget]
}

run "budget_of_nothing" {
  command = plan
  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", amount = 0 }
  }
  expect_failures = [var.budget]
}

run "name_of_google" {
  command = plan
  variables {
    name = "goog-x"
  }
  expect_failures = [var.name]
}

run "name_with_google" {
  command = plan
  variables {
    name = "my-google-cards"
  }
  expect_failures = [var.name]
}

run "zone_without_a_letter" {
  command = plan
  variables {
    zone = "us-east1-"
  }
  expect_failures = [var.zone]
}

run "nodes_by_halves" {
  command = plan
  variables {
    nodes = { max = 2.5 }
  }
  expect_failures = [var.nodes]
}

run "spot_by_halves" {
  command = plan
  variables {
    spot_max = 1.5
  }
  expect_failures = [var.spot_max]
}

run "nat_by_halves" {
  command = plan
  variables {
    nat_addresses = 1.5
  }
  expect_failures = [var.nat_addresses]
}

run "disk_by_halves" {
  command = plan
  variables {
    node_disk_gb = 30.5
  }
  expect_failures = [var.node_disk_gb]
}

run "database_disk_by_halves" {
  command = plan
  variables {
    database = { disk_gb = 10.5 }
  }
  expect_failures = [var.database]
}

run "backups_by_halves" {
  command = plan
  variables {
    database = { backups = 6.5 }
  }
  expect_failures = [var.database]
}

run "machine_of_2_gb" {
  command = plan
  variables {
    machine_type = "e2-small"
  }
  expect_failures = [var.machine_type]
}

run "machine_unknown" {
  command = plan
  variables {
    machine_type = "foo-bar"
  }
  expect_failures = [var.machine_type]
}

run "machine_of_arm" {
  command = plan
  variables {
    machine_type = "t2a-standard-2"
  }
  expect_failures = [var.machine_type]
}

run "machine_of_2_cpus_and_2_gb" {
  command = plan
  variables {
    machine_type = "n2-highcpu-2"
  }
  expect_failures = [var.machine_type]
}

run "machine_custom_of_2_gb" {
  command = plan
  variables {
    machine_type = "e2-custom-2-2048"
  }
  expect_failures = [var.machine_type]
}

run "too_many_workers_for_a_small_tier" {
  command = plan
  variables {
    database = { tier = "db-f1-micro" }
    nodes    = { max = 7 }
  }
  expect_failures = [google_sql_database_instance.queue]
}

run "too_many_workers_for_a_custom_tier" {
  command = plan
  variables {
    database = { tier = "db-custom-1-3840" }
    nodes    = { max = 44 }
  }
  expect_failures = [google_sql_database_instance.queue]
}

run "too_many_spot_workers" {
  command = plan
  variables {
    nodes    = { max = 8 }
    spot_max = 11
  }
  expect_failures = [google_sql_database_instance.queue]
}

run "namespace_of_the_collector" {
  command = plan
  variables {
    namespace = "gmp-system"
  }
  expect_failures = [var.namespace]
}

run "namespace_of_gke" {
  command = plan
  variables {
    namespace = "gke-managed-otel"
  }
  expect_failures = [var.namespace]
}

run "namespace_of_an_operator" {
  command = plan
  variables {
    namespace = "istio-system"
  }
  expect_failures = [var.namespace]
}

run "currency_by_its_name" {
  command = plan
  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", amount = 5, currency = "dollars" }
  }
  expect_failures = [var.budget]
}
